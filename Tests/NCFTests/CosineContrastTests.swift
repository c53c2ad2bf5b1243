import CKernels
import Testing

@testable import NCF

@Suite("Cosine contrastive loss")
struct CosineContrastTests {
    private let contrast = CosineContrast(margin: 0.2, negativeWeight: 3)

    private func model(users: Int, items: Int, seed: UInt64) -> TrainableModel {
        let shape = ModelParameters(
            architecture: .mf, userCount: users, itemCount: items, embeddingDimension: 5, mlpEmbeddingDimension: 0,
            hiddenLayerSizes: [])
        return TrainableModel(shape: shape, trainsGlobalBias: false, globalBias: 0, seed: seed, isUnit: true)
    }

    private func cosine(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
        let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        let squares = [a, b].map { $0.reduce(0) { $0 + $1 * $1 } }
        return product / (squares[0] * squares[1]).squareRoot()
    }

    /// The paper's loss of rows of any length, by definition.
    private func loss(_ batch: MiniBatch, users: [Double], items: [Double], stride: Int) -> Double {
        var total = 0.0
        for group in 0..<batch.groupCount {
            let user = Int(batch.users[group]) * stride
            let samples = group * batch.samplesPerGroup..<(group + 1) * batch.samplesPerGroup
            let cosines = samples.map { sample in
                let item = Int(batch.items[sample]) * stride
                return cosine(users[user..<user + 5], items[item..<item + 5])
            }
            let weights = samples.map { Double(batch.weights[$0]) }
            let pushed = zip(cosines, weights).dropFirst().reduce(0) { $0 + $1.1 * max(0, $1.0 - 0.2) }
            total += weights[0] * (1 - cosines[0] + 3 * pushed / Double(batch.samplesPerGroup - 1))
        }
        return total
    }

    @Test("the step's gradient along the sphere is the finite difference of the loss of rows of any length")
    func finiteDifferences() {
        let model = model(users: 5, items: 6, seed: 3)
        let batch = randomBatch(groups: 70, samplesPerGroup: 4, users: 5, items: 6, objective: .bpr, seed: 12)
        let step = TrainingStep(
            model: model, objective: .cosineContrastive, capacity: 70, samplesPerGroup: 4,
            loop: ParallelLoop(threads: 2))
        step.contrast = contrast
        let stride = model.users.stride
        var rows = [model.users.rows.array.map(Double.init), model.items.rows.array.map(Double.init)]
        let found = step.computeGradients(batch)
        let expected = loss(batch, users: rows[0], items: rows[1], stride: stride)
        #expect(abs(found - expected) < 1e-5 * expected)
        let raw = step.gradients(batch)
        for (side, gradient) in [raw.users, raw.items].enumerated() {
            for row in 0..<gradient.count / stride {
                let range = row * stride..<(row + 1) * stride
                var own = Array(gradient[range])
                _ = unsafe nectar_tangent(Int32(stride), 5, rows[side][range].map(Float.init), &own)
                for k in 0..<stride {
                    let value = rows[side][range.lowerBound + k]
                    let losses = [1e-5, -1e-5].map { width in
                        rows[side][range.lowerBound + k] = value + width
                        return loss(batch, users: rows[0], items: rows[1], stride: stride)
                    }
                    rows[side][range.lowerBound + k] = value
                    let expected = (losses[0] - losses[1]) / 2e-5
                    let found = Double(own[k]) * Double(batch.sampleCount)
                    #expect(abs(found - expected) <= 5e-4 * (1 + abs(expected)), "side \(side), row \(row), \(k)")
                }
            }
        }
    }

    @Test("rows keep the length 1 under every optimiser, and biases 0", arguments: OptimizationMethod.allCases)
    func sphere(method: OptimizationMethod) throws {
        let data = randomDataset(users: 60, items: 40, perUser: 8, seed: 1)
        var settings = Hyperparameters.defaults(for: .mf, objective: .cosineContrastive)
        settings.embeddingDimension = 7
        settings.epochs = 3
        settings.batchSize = 1300
        settings.optimizer = method
        settings.learningRate = method == .sgd ? 5 : 0.05
        let results = try [1, 2].map { threads in
            settings.threads = threads
            return try Trainer(dataset: data, hyperparameters: settings).train()
        }
        let parameters = results[0].parameters
        #expect(parameters == results[1].parameters)
        #expect(results[0].reports[2].loss < results[0].reports[0].loss)
        for rows in [parameters.userGMF, parameters.itemGMF] {
            for row in stride(from: 0, to: rows.count, by: 7) {
                #expect(abs(rows[row..<row + 7].reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
            }
        }
        #expect(parameters.userBias.allSatisfy { $0 == 0 } && parameters.itemBias.allSatisfy { $0 == 0 })
        #expect(parameters.globalBias == 0 && parameters.outputWeights == Array(repeating: 1, count: 7))
    }

    @Test("a row whose samples are all beyond the margin stands still, what is remembered of it too")
    func still() {
        let model = model(users: 1, items: 3, seed: 3)
        let step = TrainingStep(
            model: model, objective: .cosineContrastive, capacity: 1, samplesPerGroup: 2, loop: ParallelLoop(threads: 1)
        )
        let batch = MiniBatch(capacity: 1, samplesPerGroup: 2, userCount: 1, itemCount: 3)
        batch.groupCount = 1
        (batch.items[0], batch.items[1]) = (0, 1)
        (batch.weights[0], batch.weights[1]) = (1, 1)
        batch.groupUsers()
        batch.groupItems()
        let stride = model.items.stride
        func move(margin: Double) -> (positive: Bool, negative: Bool) {
            step.contrast = CosineContrast(margin: margin, negativeWeight: 3)
            let before = model.items.rows.array
            _ = step.computeGradients(batch)
            step.update(batch, decay: 0, optimizer: Optimizer(learningRate: 0.01))
            let after = model.items.rows.array
            return (before[..<stride] != after[..<stride], before[stride..<2 * stride] != after[stride..<2 * stride])
        }
        #expect(move(margin: -1) == (true, true))
        // Adam's moments are not 0 now, and would carry it on.
        #expect(move(margin: 1) == (true, false))
    }

    @Test("a user who has seen everything is drawn to the positives alone")
    func sawEverything() throws {
        var builder = InteractionDataset.Builder()
        for item in 0..<10 {
            builder.add(userID: "all", itemID: "\(item)", rating: nil)
            if item < 5 { builder.add(userID: "half", itemID: "\(item)", rating: nil) }
        }
        var settings = Hyperparameters.defaults(for: .mf, objective: .cosineContrastive)
        settings.embeddingDimension = 4
        settings.epochs = 100
        let parameters = try Trainer(dataset: builder.build(), hyperparameters: settings).train().parameters
        #expect(parameters.isFinite)
        #expect(parameters.logit(user: 1, item: 0) > parameters.logit(user: 1, item: 9) + 0.2)
    }
}
