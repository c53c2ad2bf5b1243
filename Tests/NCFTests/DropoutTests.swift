import CKernels
import Testing

@testable import NCF

@Suite("Dropout")
struct DropoutTests {
    /// The hash of the kernel, written plainly.
    private func hash(_ index: Int, _ key: UInt64) -> UInt32 {
        var hash = UInt32(index) &+ UInt32(truncatingIfNeeded: key)
        hash = (hash ^ (hash >> 16)) &* 0x7FEB_352D
        hash = hash &+ UInt32(key >> 32)
        hash = (hash ^ (hash >> 15)) &* 0x846C_A68B
        return hash ^ (hash >> 16)
    }

    @Test("outputs are dropped by the hash, the others scaled", arguments: KernelTests.sizes, [0.1, 0.5, 0.9])
    func kernel(n: Int, rate: Double) throws {
        let dropout = try #require(Dropout(rate: rate, seed: 3))
        let key = dropout.key(epoch: 1, place: 7, layer: 0)
        var x = (0..<n).map { Float($0 + 1) }
        unsafe dropout.apply(to: &x, count: n, key: key)
        for k in 0..<n {
            let isDropped = Double(hash(k, key)) < (rate * 0x1p32).rounded()
            #expect(x[k] == (isDropped ? 0 : Float(k + 1) * Float(1 / (1 - rate))))
        }
    }

    @Test(
        "the share that is dropped is the rate, for every output, and masks do not repeat", arguments: [0.1, 0.5, 0.9])
    func share(rate: Double) throws {
        let dropout = try #require(Dropout(rate: rate, seed: 4))
        let (groups, units) = (2000, 16)
        var dropped = [Int](repeating: 0, count: units)
        var together = 0
        var last = [Float](repeating: 1, count: units)
        for place in 0..<groups {
            var x = [Float](repeating: 1, count: units)
            unsafe dropout.apply(to: &x, count: units, key: dropout.key(epoch: 2, place: place, layer: 1))
            for k in 0..<units {
                dropped[k] += x[k] == 0 ? 1 : 0
                together += x[k] == 0 && last[k] == 0 ? 1 : 0
            }
            last = x
        }
        let deviation = (Double(groups) * rate * (1 - rate)).squareRoot()
        for k in 0..<units { #expect(abs(Double(dropped[k]) - Double(groups) * rate) < 5 * deviation, "output \(k)") }
        let pairs = Double((groups - 1) * units)
        // That neighbours drop the same is as likely as the square says.
        #expect(abs(Double(together) - pairs * rate * rate) < 6 * (pairs * rate * rate).squareRoot())
        #expect(Dropout(rate: 0, seed: 4) == nil)
        let keys = [(1, 0, 0), (1, 0, 1), (1, 1, 0), (2, 0, 0)].map {
            dropout.key(epoch: $0.0, place: $0.1, layer: $0.2)
        }
        #expect(Set(keys).count == 4)
    }

    @Test(
        "with what is dropped, every gradient is the loss's finite difference", arguments: [Architecture.mlp, .neumf])
    func finiteDifferences(architecture: Architecture) throws {
        let model = randomModel(architecture, users: 5, items: 6, seed: 11)
        let batch = randomBatch(groups: 70, samplesPerGroup: 4, users: 5, items: 6, objective: .implicit, seed: 12)
        (batch.epoch, batch.firstPlace) = (3, 210)
        let step = TrainingStep(
            model: model, objective: .implicit, capacity: 70, samplesPerGroup: 4, loop: ParallelLoop(threads: 2))
        let plain = step.computeLogits(batch)
        let dropout = try #require(Dropout(rate: 0.4, seed: 9))
        step.dropout = dropout
        // What validation and serving compute knows nothing of it.
        #expect(step.computeLogits(batch) == plain)
        let loss = step.computeGradients(batch)
        let gradients = step.gradients(batch)
        var reference = ReferenceModel(model)
        let sizes = reference.layerSizes.map(\.output)
        reference.factor = { sample, layer, unit in
            let key = dropout.key(epoch: 3, place: 210 + sample / 4, layer: layer)
            let isDropped = Double(hash(sample % 4 * sizes[layer] + unit, key)) < (0.4 * 0x1p32).rounded()
            return isDropped ? 0 : 1 / 0.6
        }
        let expected = reference.loss(batch, objective: .implicit)
        #expect(abs(loss - expected) <= 1e-5 * abs(expected))
        check(gradients.users, \.users, &reference, batch)
        check(gradients.items, \.items, &reference, batch)
        check(gradients.dense, \.dense, &reference, batch)
    }

    private func check(
        _ gradient: [Float], _ path: WritableKeyPath<ReferenceModel, [Double]>, _ reference: inout ReferenceModel,
        _ batch: MiniBatch
    ) {
        for index in gradient.indices {
            let value = reference[keyPath: path][index]
            let losses = [1e-5, -1e-5].map { width in
                reference[keyPath: path][index] = value + width
                return reference.loss(batch, objective: .implicit)
            }
            reference[keyPath: path][index] = value
            let expected = (losses[0] - losses[1]) / 2e-5
            let found = Double(gradient[index]) * Double(batch.sampleCount)
            #expect(abs(found - expected) <= 5e-4 * (1 + abs(expected)), "parameter \(index)")
        }
    }

    @Test("the bytes are the same for any number of threads, and others than without", arguments: Architecture.allCases)
    func deterministic(architecture: Architecture) throws {
        let data = randomDataset(users: 60, items: 40, perUser: 15, seed: 1)
        var settings = Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 5, mlpEmbeddingDimension: 4,
            hiddenLayerSizes: [8, 4], epochs: 2, batchSize: 1400, learningRate: 0.01, earlyStopping: 0)
        let plain = try Trainer(dataset: data, hyperparameters: settings).train().parameters
        settings.dropout = 0.3
        let results = try [1, 2, 3].map { threads in
            settings.threads = threads
            return try Trainer(dataset: data, hyperparameters: settings).train().parameters
        }
        #expect(results[0] == results[1] && results[0] == results[2] && results[0].isFinite)
        // A model without dense layers has nothing to drop.
        #expect((results[0] == plain) == !architecture.hasMLP)
    }
}
