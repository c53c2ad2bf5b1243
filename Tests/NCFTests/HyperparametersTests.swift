import Testing

@testable import NCF

@Suite("Hyperparameters")
struct HyperparametersTests {
    @Test("the defaults are valid for every architecture", arguments: Architecture.allCases)
    func defaults(architecture: Architecture) throws {
        try Hyperparameters(architecture: architecture).validate()
        for objective in Objective.allCases where objective != .cosineContrastive || architecture == .mf {
            let defaults = try Hyperparameters.defaults(for: architecture, objective: objective).validated()
            #expect(defaults.architecture == architecture && defaults.objective == objective)
            #expect((defaults.start == .none) == (objective == .rating || objective == .cosineContrastive))
        }
    }

    @Test("every bad setting is listed, in order")
    func everyFault() {
        let bad = Hyperparameters(
            embeddingDimension: 0, mlpEmbeddingDimension: -1, hiddenLayerSizes: [8, 0], epochs: 0, batchSize: 0,
            learningRate: .nan, weightDecay: -1, negativesPerPositive: 0, earlyStopping: -1, threads: 0)
        #expect(throws: HyperparameterFaults.self) { try bad.validate() }
        do throws(HyperparameterFaults) {
            try bad.validate()
        } catch {
            let expected = [
                "embedding_dimension", "mlp_embedding_dimension", "hidden_layers[1]", "epochs", "batch_size",
                "learning_rate", "weight_decay", "negatives_per_positive", "early_stopping", "threads",
            ]
            #expect(error.faults.map(\.name) == expected)
        }
    }

    @Test("each limit itself passes, and one past it does not")
    func limits() {
        let settings: [(WritableKeyPath<Hyperparameters, Int>, least: Int, greatest: Int)] = [
            (\.embeddingDimension, 1, Hyperparameters.Limit.embeddingDimension),
            (\.epochs, 1, Hyperparameters.Limit.epochs),
            (\.batchSize, 1, Hyperparameters.Limit.batchSize),
            (\.negativesPerPositive, 1, Hyperparameters.Limit.negativesPerPositive),
            (\.earlyStopping, 0, Hyperparameters.Limit.epochs),
            (\.threads, 1, Hyperparameters.Limit.threads),
        ]
        for (setting, least, greatest) in settings {
            for (value, isValid) in [(least - 1, false), (least, true), (greatest, true), (greatest + 1, false)] {
                var settings = Hyperparameters()
                settings[keyPath: setting] = value
                #expect(((try? settings.validate()) != nil) == isValid, "\(setting) \(value)")
            }
        }
    }

    @Test("a closed form needs weights above 0, and makes epochs unnecessary")
    func closedForm() throws {
        var settings = Hyperparameters(start: ClosedFormStart(regularization: 0, unobservedWeight: .nan), epochs: 0)
        do throws(HyperparameterFaults) {
            try settings.validate()
            Issue.record("accepted")
        } catch {
            #expect(error.faults.map(\.name) == ["als_regularization", "als_unobserved_weight"])
        }
        settings.start = ClosedFormStart()
        try settings.validate()
        settings.start.sweeps = -1
        #expect((try? settings.validate()) == nil)
        // Without sweeps their weights do not matter, and an epoch is needed.
        settings.start = ClosedFormStart(sweeps: 0, regularization: 0)
        #expect((try? settings.validate()) == nil)
        settings.epochs = 1
        try settings.validate()
    }

    @Test("cosines are for mf from random embeddings without histories or penalty, and their settings have bounds")
    func contrast() {
        let changes: [((inout Hyperparameters) -> Void, [String])] = [
            ({ _ in }, []), ({ $0.architecture = .gmf }, ["architecture"]),
            ({ $0.start = ClosedFormStart() }, ["als_sweeps"]), ({ $0.history = HistoryBag() }, ["history_dimension"]),
            ({ $0.weightDecay = 0.1 }, ["weight_decay"]), ({ $0.contrast.margin = -1 }, []),
            ({ $0.contrast.margin = -1.01 }, ["contrastive_margin"]), ({ $0.contrast.margin = 1 }, []),
            ({ $0.contrast.margin = .nan }, ["contrastive_margin"]),
            ({ $0.contrast.negativeWeight = 0 }, ["contrastive_weight"]),
            ({ $0.contrast.negativeWeight = 10_000 }, []),
            ({ $0.contrast.negativeWeight = 10_001 }, ["contrastive_weight"]),
            // Where there are no cosines, theirs are not looked at.
            ({ ($0.objective, $0.contrast.margin) = (.bpr, 7) }, []),
        ]
        for (index, (change, expected)) in changes.enumerated() {
            var settings = Hyperparameters.defaults(for: .mf, objective: .cosineContrastive)
            change(&settings)
            do throws(HyperparameterFaults) {
                try settings.validate()
                #expect(expected.isEmpty, "change \(index)")
            } catch {
                #expect(error.faults.map(\.name) == expected, "change \(index)")
            }
        }
    }

    @Test("dropout leaves a tenth of the outputs at least")
    func dropout() {
        for (share, isValid) in [(-0.01, false), (0, true), (0.9, true), (0.91, false), (.nan, false)] {
            var settings = Hyperparameters()
            settings.dropout = share
            #expect(((try? settings.validate()) != nil) == isValid, "\(share)")
        }
    }

    @Test("momentum is for sgd and below 1; warming up takes no negative time")
    func optimizer() {
        let cases: [(OptimizationMethod, momentum: Double, warmUp: Double, [String])] = [
            (.adam, 0, 0, []), (.sgd, 0, 0.5, []), (.sgd, 0.999, 10_000, []), (.sgd, 1, 0, ["momentum"]),
            (.sgd, -0.1, 10_001, ["momentum", "warm_up"]), (.adagrad, 0.5, -1, ["momentum", "warm_up"]),
            (.adam, .nan, .nan, ["momentum", "warm_up"]),
        ]
        for (method, momentum, warmUp, expected) in cases {
            var settings = Hyperparameters()
            (settings.optimizer, settings.momentum, settings.warmUp) = (method, momentum, warmUp)
            do throws(HyperparameterFaults) {
                try settings.validate()
                #expect(expected.isEmpty)
            } catch {
                #expect(error.faults.map(\.name) == expected)
            }
        }
    }

    @Test(
        "negatives of the mini-batch need the softmax, and two groups to a batch; a popularity's power has its bounds")
    func sampling() {
        func names(_ change: (inout Hyperparameters) -> Void) -> [String] {
            var settings = Hyperparameters(architecture: .mf, objective: .softmax)
            change(&settings)
            do throws(HyperparameterFaults) {
                try settings.validate()
                return []
            } catch {
                return error.faults.map(\.name)
            }
        }
        #expect(names { $0.negativeSampling = .inBatch } == [])
        for objective in Objective.allCases where objective != .softmax {
            #expect(names { ($0.negativeSampling, $0.objective) = (.inBatch, objective) } == ["negative_sampling"])
            #expect(names { ($0.negativeSampling, $0.objective) = (.popularity, objective) } == [])
        }
        for (size, expected) in [(10, []), (9, ["batch_size"])] {
            #expect(names { ($0.negativeSampling, $0.batchSize) = (.inBatch, size) } == expected)
        }
        #expect(names { ($0.negativeSampling, $0.batchSize) = (.uniform, 1) } == [])
        for (exponent, isValid) in [(-0.01, false), (0, true), (2, true), (2.01, false), (.nan, false)] {
            #expect(names { $0.popularityExponent = exponent }.isEmpty == isValid)
        }
    }

    @Test("dense layers are needed where there is a tower, and not looked at elsewhere")
    func layers() {
        for count in [0, Hyperparameters.Limit.hiddenLayerCount + 1] {
            let layers = [Int](repeating: 4, count: count)
            #expect((try? Hyperparameters(architecture: .mlp, hiddenLayerSizes: layers).validate()) == nil)
            #expect((try? Hyperparameters(architecture: .mf, hiddenLayerSizes: layers).validate()) != nil)
        }
        #expect(Hyperparameters(hiddenLayerSizes: [64, 32]).resolvedMLPEmbeddingDimension == 32)
        #expect(Hyperparameters(hiddenLayerSizes: [1]).resolvedMLPEmbeddingDimension == 1)
        #expect(Hyperparameters(architecture: .gmf).resolvedMLPEmbeddingDimension == 0)
    }
}
