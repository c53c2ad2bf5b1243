import CKernels
import Glibc
import Testing

@testable import NCF

@Suite("Optimisers")
struct OptimizerTests {
    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(random.nextNormal()) }
    }

    private func expectClose(_ found: [Float], _ expected: [Double]) {
        for (index, (a, b)) in zip(found, expected).enumerated() {
            #expect(abs(Double(a) - b) <= 1e-5 * (1 + abs(b)), "element \(index)")
        }
    }

    @Test("a few steps are those of the definitions", arguments: KernelTests.sizes)
    func kernels(n: Int) {
        let start = numbers(n, seed: 1)
        var (adagrad, momentum, plain) = (start, start, start)
        var (squares, velocity) = ([Float](repeating: 0, count: n), [Float](repeating: 0, count: n))
        var expected = [start, start, start].map { $0.map(Double.init) }
        var remembered = [[Double]](repeating: Array(repeating: 0, count: n), count: 2)
        for step in 0..<4 {
            let gradient = numbers(n, seed: UInt64(10 + step))
            unsafe nectar_adagrad(Int32(n), &adagrad, &squares, gradient, 0.1, 0.05, 1e-10)
            unsafe nectar_momentum(Int32(n), &momentum, &velocity, gradient, 0.1, 0.05, 0.9)
            unsafe nectar_descend(Int32(n), &plain, gradient, 0.1, 0.05)
            for k in 0..<n {
                let g = expected.map { Double(gradient[k]) + 0.1 * $0[k] }
                remembered[0][k] += g[0] * g[0]
                expected[0][k] -= 0.05 * g[0] / (remembered[0][k].squareRoot() + 1e-10)
                remembered[1][k] = 0.9 * remembered[1][k] + g[1]
                expected[1][k] -= 0.05 * remembered[1][k]
                expected[2][k] -= 0.05 * g[2]
            }
        }
        expectClose(adagrad, expected[0])
        expectClose(momentum, expected[1])
        expectClose(plain, expected[2])
        expectClose(squares, remembered[0])
        expectClose(velocity, remembered[1])
    }

    @Test("each remembers no more than it needs")
    func memory() {
        let numbers = [
            Optimizer(learningRate: 1), Optimizer(learningRate: 1, method: .adagrad),
            Optimizer(learningRate: 1, method: .sgd, momentum: 0.9), Optimizer(learningRate: 1, method: .sgd),
        ].map(\.numbersPerParameter)
        #expect(numbers == [2, 1, 1, 0])
    }

    /// What a row does in a batch that touches it, in double precision.
    private struct Reference {
        var optimizer: Optimizer
        var remembered: [Double]
        var adam: ReferenceAdam

        mutating func apply(_ gradient: [Double], to values: inout [Double]) {
            guard optimizer.method != .adam else {
                return adam.apply(gradient, to: &values, rate: optimizer.learningRate)
            }
            for (k, g) in gradient.enumerated() {
                let isAdagrad = optimizer.method == .adagrad
                remembered[k] = isAdagrad ? remembered[k] + g * g : optimizer.momentum * remembered[k] + g
                values[k] -=
                    optimizer.learningRate * (isAdagrad ? g / (remembered[k].squareRoot() + 1e-10) : remembered[k])
            }
        }
    }

    @Test(
        "a touched row steps once a batch on its summed gradient; others stand still",
        arguments: [
            Optimizer(learningRate: 0.05, method: .adagrad), Optimizer(learningRate: 2, method: .sgd, momentum: 0.9),
            Optimizer(learningRate: 2, method: .sgd), Optimizer(learningRate: 0.01),
        ])
    func sparse(optimizer: Optimizer) {
        let shape = randomModel(.neumf, users: 6, items: 40, seed: 21).parameters()
        let model = TrainableModel(
            shape: shape, trainsGlobalBias: true, globalBias: 0, seed: 21, optimizer: optimizer)
        model.load(shape)
        let step = TrainingStep(
            model: model, objective: .implicit, capacity: 5, samplesPerGroup: 3, loop: ParallelLoop(threads: 2))
        let stride = model.items.stride
        let fresh = Reference(
            optimizer: optimizer, remembered: Array(repeating: 0, count: stride), adam: ReferenceAdam(count: stride))
        var references = [Reference](repeating: fresh, count: 40)
        var touches = [Int](repeating: 0, count: 40)
        for round in 0..<8 {
            let batch = randomBatch(
                groups: 5, samplesPerGroup: 3, users: 6, items: 40, objective: .implicit, seed: UInt64(100 + round))
            let before = model.items.rows.array
            _ = step.computeGradients(batch)
            let gradient = step.gradients(batch).items
            // Again: reading the gradients summed the slices' in place.
            _ = step.computeGradients(batch)
            step.update(batch, decay: 0.1, optimizer: optimizer)
            let after = model.items.rows.array
            for item in 0..<40 {
                let range = item * stride..<(item + 1) * stride
                let occurrences = (0..<batch.sampleCount).count { Int(batch.items[$0]) == item }
                guard occurrences > 0 else {
                    #expect(Array(after[range]) == Array(before[range]), "item \(item), round \(round)")
                    continue
                }
                touches[item] += 1
                var expected = before[range].map(Double.init)
                let penalty = 0.1 * Double(occurrences) / Double(batch.sampleCount)
                references[item].apply(zip(gradient[range], expected).map { Double($0) + penalty * $1 }, to: &expected)
                for (found, wanted) in zip(after[range], expected) {
                    #expect(abs(Double(found) - wanted) < 2e-5, "item \(item), round \(round)")
                }
            }
        }
        // Otherwise the test has not seen a row that pauses and goes on.
        #expect(touches.contains { $0 > 1 && $0 < 8 })
    }

    private func settings(_ method: OptimizationMethod, momentum: Double = 0) -> Hyperparameters {
        var settings = Hyperparameters(
            architecture: .neumf, objective: .implicit, embeddingDimension: 5, mlpEmbeddingDimension: 4,
            hiddenLayerSizes: [8, 4], history: HistoryBag(dimension: 2), epochs: 8, batchSize: 800,
            learningRate: [.adam: 0.01, .adagrad: 0.05, .sgd: 5][method] ?? 0, earlyStopping: 0)
        settings.optimizer = method
        settings.momentum = momentum
        return settings
    }

    @Test(
        "every one learns, histories included, and its bytes are the same for any number of threads",
        arguments: [(OptimizationMethod.adam, 0), (.adagrad, 0), (.sgd, 0), (.sgd, 0.8)])
    func trains(method: OptimizationMethod, momentum: Double) throws {
        // Where there is something to learn.
        let data = DislikeTrainingTests.colours(dislikes: false)
        var settings = settings(method, momentum: momentum)
        settings.batchSize = 100
        let results = try [1, 2].map { threads in
            settings.threads = threads
            return try Trainer(dataset: data, hyperparameters: settings).train()
        }
        #expect(results[0].parameters == results[1].parameters && results[0].parameters.isFinite)
        let losses = results[0].reports.map(\.loss)
        #expect(losses[7] < 0.8 * losses[0], "\(losses)")
    }

    @Test("schedules fall from all to nothing, the cosine's half way at half time")
    func schedules() {
        for schedule in LearningRateSchedule.allCases {
            #expect(schedule.factor(progress: 0) == 1)
            #expect(abs(schedule.factor(progress: 1) - (schedule == .constant ? 1 : 0)) < 1e-12)
        }
        #expect(abs(LearningRateSchedule.cosine.factor(progress: 0.5) - 0.5) < 1e-12)
        #expect(abs(LearningRateSchedule.cosine.factor(progress: 0.25) - (2 + 2.0.squareRoot()) / 4) < 1e-12)
    }

    @Test("while it warms up a step is as much shorter as there is to go", arguments: [0.5, 1, 4])
    func warmUp(epochs: Double) throws {
        let data = randomDataset(users: 20, items: 15, perUser: 4, seed: 4)
        var settings = Hyperparameters(
            architecture: .mf, objective: .implicit, embeddingDimension: 3, epochs: 1, batchSize: 1 << 16,
            learningRate: 1, learningRateSchedule: .constant, earlyStopping: 0)
        // One step down the gradient, from the same start.
        settings.optimizer = .sgd
        let whole = try Trainer(dataset: data, hyperparameters: settings).train().parameters.itemBias
        settings.warmUp = epochs
        let warming = try Trainer(dataset: data, hyperparameters: settings).train().parameters.itemBias
        for (a, b) in zip(warming, whole) { #expect(abs(a - b / Float(max(1, epochs))) < 1e-6) }
        #expect(whole.contains { abs($0) > 1e-3 })
    }
}

extension Optimizer: CustomTestStringConvertible {
    /// Without its corrections, which are thousands of numbers in the log of each test.
    public var testDescription: String { "\(method), momentum \(momentum), step \(learningRate)" }
}
