import Testing

@testable import NCF

@Suite("Hyperparameters")
struct HyperparametersTests {
    @Test("the defaults are valid for every architecture", arguments: Architecture.allCases)
    func defaults(architecture: Architecture) throws {
        try Hyperparameters(architecture: architecture).validate()
        for objective in Objective.allCases {
            let defaults = try Hyperparameters.defaults(for: architecture, objective: objective).validated()
            #expect(defaults.architecture == architecture && defaults.objective == objective)
            #expect((defaults.start == .none) == (objective == .rating))
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
