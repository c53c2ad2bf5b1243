import TestSupport
import Testing

@testable import NCF

@Suite("Users with their histories")
struct HistoryTests {
    private static let (users, items) = (5, 6)

    /// Random histories in which every item is somewhere, and no two of one history count the same.
    private func bags() -> FeatureBags {
        FeatureBags(
            histories: randomDataset(users: Self.users, items: Self.items, perUser: 4, seed: 31),
            counting: HistoryCounting(recency: HistoryRecency(halfLife: 3)))
    }

    /// A random model whose users' rows have their bags added.
    private func model(_ architecture: Architecture, _ objective: Objective) -> TrainableModel {
        let model = randomModel(
            architecture, users: Self.users, items: Self.items, objective: objective, seed: 11, histories: bags())
        var random = SplitMix64(seed: 13)
        guard let histories = model.histories else { return model }
        let used = model.users.gmf + model.users.mlp + 1
        for feature in 0..<Self.items {
            for k in 0..<used { histories.features[feature * histories.stride + k] = Float(0.5 * random.nextNormal()) }
        }
        histories.addSums(to: model.users.rows, loop: ParallelLoop(threads: 1))
        return model
    }

    /// A random batch whose positives are left out where they are in the user's history.
    private func batch(_ objective: Objective, groups: Int, perGroup: Int) -> MiniBatch {
        let batch = randomBatch(
            groups: groups, samplesPerGroup: perGroup, users: Self.users, items: Self.items, objective: objective,
            seed: 12)
        let histories = bags().byRow
        for group in 0..<groups {
            for entry in histories.entries(of: Int(batch.users[group]))
            where histories.indices[entry] == batch.items[group * perGroup] {
                batch.leftOut[group] = histories.weights[entry]
            }
        }
        return batch
    }

    @Test(
        "the gradient of every feature is the loss's finite difference, without itself where it is what is learned",
        arguments: Architecture.allCases, trainableObjectives)
    func finiteDifferences(architecture: Architecture, objective: Objective) throws {
        let (groups, perGroup) = objective == .rating ? (270, 1) : (70, 4)
        let model = model(architecture, objective)
        let batch = batch(objective, groups: groups, perGroup: perGroup)
        #expect(batch.leftOut.array.contains(0) && batch.leftOut.array.contains { $0 != 0 })
        let step = TrainingStep(
            model: model, objective: objective, capacity: groups, samplesPerGroup: perGroup,
            loop: ParallelLoop(threads: 2))
        let reference = ReferenceModel(model)
        let loss = step.computeGradients(batch)
        let expectedLoss = reference.loss(batch, objective: objective)
        #expect(abs(loss - expectedLoss) <= 1e-5 * abs(expectedLoss))
        // Steps of no length, which leave the parameters where they are and the gradients gathered.
        step.update(batch, decay: 0, optimizer: Optimizer(learningRate: 0))
        let histories = try #require(model.histories)
        let (stride, width) = (histories.stride, 1e-5)
        for feature in 0..<Self.items {
            for k in 0..<stride {
                let index = feature * stride + k
                var found = Double(histories.ownGradients[index])
                for entry in histories.bags.byFeature.entries(of: feature) {
                    let row = Int(histories.bags.byFeature.indices[entry])
                    found +=
                        Double(histories.bags.byFeature.weights[entry])
                        * Double(histories.rowGradients[row * stride + k])
                }
                let above = reference.loss(batch, objective: objective, moving: index, by: width)
                let below = reference.loss(batch, objective: objective, moving: index, by: -width)
                // A user's bias has no gradient where only items are compared, and is given none.
                let isCleared = objective.comparesItems && k == model.users.gmf + model.users.mlp
                let expected = isCleared ? 0 : (above - below) / (2 * width)
                #expect(abs(found * Double(batch.sampleCount) - expected) <= 5e-4 * (1 + abs(expected)), "\(index)")
            }
        }
    }

    @Test("after a settlement the rows hold what they held, and the bags as they now are", arguments: [1, 3])
    func settlement(threads: Int) throws {
        let model = model(.neumf, .implicit)
        let histories = try #require(model.histories)
        let loop = ParallelLoop(threads: threads)
        let step = TrainingStep(model: model, objective: .implicit, capacity: 70, samplesPerGroup: 4, loop: loop)
        let batch = batch(.implicit, groups: 70, perGroup: 4)
        func own() -> [Float] {
            let sums = AlignedBuffer<Float>(count: model.users.rows.count, repeating: 0)
            histories.addSums(to: sums, loop: loop)
            return zip(model.users.rows.array, sums.array).map { $0 - $1 }
        }
        _ = step.computeGradients(batch)
        step.update(batch, decay: 0, optimizer: Optimizer(learningRate: 0.01))
        let (before, features) = (own(), histories.features.array)
        step.settle(optimizer: Optimizer(learningRate: 0.01))
        #expect(histories.features.array != features)
        for (left, right) in zip(own(), before) { #expect(abs(left - right) < 1e-5) }
        #expect(
            histories.rowGradients.array.allSatisfy { $0 == 0 } && histories.ownGradients.array.allSatisfy { $0 == 0 })
    }

    private func settings(_ architecture: Architecture, threads: Int = 1) -> Hyperparameters {
        Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 4, mlpEmbeddingDimension: 3,
            hiddenLayerSizes: [8, 4], start: ClosedFormStart(sweeps: 4, regularization: 0.01, unobservedWeight: 0.1),
            history: HistoryBag(dimension: 5, regularization: 10), epochs: 2, batchSize: 200, learningRate: 0.01,
            earlyStopping: 0, threads: threads)
    }

    @Test("the bytes are the same for any number of threads", arguments: Architecture.allCases)
    func deterministic(architecture: Architecture) throws {
        let data = Checkerboard(side: 24).dataset()
        let results = try [1, 2, 3].map {
            try Trainer(dataset: data, hyperparameters: settings(architecture, threads: $0)).train()
        }
        for other in results.dropFirst() {
            #expect(other.parameters == results[0].parameters)
            #expect(other.reports.map(\.loss) == results[0].reports.map(\.loss))
        }
        let history = try #require(results[0].parameters.history)
        #expect(results[0].parameters.isFinite && (history.gmf + history.mlp).contains { $0 != 0 })
    }

    @Test("what leaves training are the users' own rows and what their histories say", arguments: Architecture.allCases)
    func parameters(architecture: Architecture) throws {
        let model = model(architecture, .implicit)
        let parameters = model.parameters()
        let other = randomModel(
            architecture, users: Self.users, items: Self.items, seed: 6, histories: bags())
        other.load(parameters)
        #expect(other.parameters() == parameters)
        let history = try #require(parameters.history)
        #expect(history.ownVariance.bias > 0 && history.weight == bags().weight)
    }

    @Test("calibration scales a history with its users", arguments: Architecture.allCases)
    func calibrated(architecture: Architecture) throws {
        let data = randomDataset(users: Self.users, items: Self.items, perUser: 4, seed: 31)
        let plain = model(architecture, .implicit).parameters()
        let calibration = LogitCalibration(slope: 0.5, offset: 1)
        func logits(_ parameters: ModelParameters) -> [Float] {
            let snapshot = ModelSnapshot(
                version: 1, dataset: data, parameters: parameters, lineage: ServingFixture.lineage())
            let table = snapshot.model.history
            let user = table?.adding(
                [3].history, to: table?.removing([2].history, from: snapshot.model.vector(of: 1)) ?? snapshot.prior.user
            )
            return snapshot.model.score(user ?? snapshot.prior.user, items: [0, 4])
        }
        for (before, after) in zip(logits(plain), logits(plain.calibrated(by: calibration))) {
            #expect(abs(0.5 * before + 1 - after) < 1e-5)
        }
    }
}

extension HistoryTests {
    @Test("a tower is silent in the first epoch, which is GMF's, and speaks in the next")
    func silentTower() throws {
        let data = Checkerboard(side: 24).dataset()
        var settings = settings(.neumf)
        func towerOutput() throws -> ArraySlice<Float> {
            let parameters = try Trainer(dataset: data, hyperparameters: settings).train().parameters
            return parameters.outputWeights[parameters.embeddingDimension...]
        }
        settings.epochs = 1
        #expect(try towerOutput().allSatisfy { $0 == 0 })
        settings.epochs = 2
        #expect(try towerOutput().contains { $0 != 0 })
    }
}
