import CKernels
import Glibc
import Testing

@testable import NCF

@Suite("Kernels against plain loops")
struct KernelTests {
    /// Around the widths of the vectors that the kernels are compiled for.
    static let sizes = [1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64]

    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(random.nextNormal()) }
    }

    private func expectClose(_ found: [Float], _ expected: [Float], within tolerance: Float = 1e-5) {
        #expect(found.count == expected.count)
        for (index, (a, b)) in zip(found, expected).enumerated() {
            #expect(abs(a - b) <= tolerance * (1 + abs(b)), "element \(index)")
        }
    }

    @Test("bias and ReLU, with and without a part per group", arguments: sizes)
    func biasReLU(n: Int) {
        let (input, bias, shared) = (numbers(6 * n, seed: 1), numbers(n, seed: 2), numbers(2 * n, seed: 3))
        var withGroups = input
        var alone = input
        unsafe nectar_bias_relu(2, 3, Int32(n), shared, bias, &withGroups)
        unsafe nectar_bias_relu(6, 1, Int32(n), nil, bias, &alone)
        expectClose(alone, input.indices.map { max(0, input[$0] + bias[$0 % n]) })
        expectClose(
            withGroups, input.indices.map { max(0, input[$0] + bias[$0 % n] + shared[$0 / (3 * n) * n + $0 % n]) })
    }

    @Test("ReLU backward masks, and adds the columns up", arguments: sizes)
    func reLUBackward(n: Int) {
        let activations = numbers(5 * n, seed: 4).map { max(0, $0) }
        let gradient = numbers(5 * n, seed: 5)
        var found = gradient
        var sums = [Float](repeating: 1, count: n)
        unsafe nectar_relu_backward(5, Int32(n), activations, &found, &sums)
        let expected = gradient.indices.map { activations[$0] > 0 ? gradient[$0] : 0 }
        #expect(found == expected)
        expectClose(sums, (0..<n).map { k in (0..<5).reduce(1) { $0 + expected[$1 * n + k] } })
    }

    @Test("the tower's output, forward and backward", arguments: sizes)
    func towerOutput(n: Int) {
        let activations = numbers(4 * n, seed: 6).map { max(0, $0) }
        let (weights, deltas) = (numbers(n, seed: 7), numbers(4, seed: 8))
        var logits: [Float] = [1, 2, 3, 4]
        unsafe nectar_tower_output(4, Int32(n), activations, weights, &logits)
        expectClose(
            logits, (0..<4).map { s in (0..<n).reduce(Float(s + 1)) { $0 + activations[s * n + $1] * weights[$1] } })
        var gradient = [Float](repeating: 9, count: 4 * n)
        var weightGradient = [Float](repeating: 0, count: n)
        var biasGradient = [Float](repeating: 0, count: n)
        unsafe nectar_tower_output_backward(
            4, Int32(n), activations, weights, deltas, &gradient, &weightGradient, &biasGradient)
        let expected = gradient.indices.map { activations[$0] > 0 ? deltas[$0 / n] * weights[$0 % n] : 0 }
        expectClose(gradient, expected)
        expectClose(biasGradient, (0..<n).map { k in (0..<4).reduce(0) { $0 + expected[$1 * n + k] } })
        expectClose(
            weightGradient, (0..<n).map { k in (0..<4).reduce(0) { $0 + deltas[$1] * activations[$1 * n + k] } })
    }

    @Test("sums over groups", arguments: sizes)
    func sumGroups(n: Int) {
        let input = numbers(6 * n, seed: 9)
        var found = [Float](repeating: 7, count: 2 * n)
        unsafe nectar_sum_groups(2, 3, Int32(n), input, &found)
        expectClose(
            found, (0..<2 * n).map { index in (0..<3).reduce(0) { $0 + input[(index / n * 3 + $1) * n + index % n] } })
    }

    @Test("cross-entropy and its derivative agree with the library's functions, far out too", arguments: sizes + [300])
    func crossEntropy(count: Int) {
        let special: [Float] = [0, -0.0, 1e-6, -1e-6, 1, -1, 20, -20, 60, -60, 86, -86, 100, -100, 1e6, -1e6]
        let logits = (special + numbers(count, seed: 10).map { 4 * $0 }).suffix(count + special.count)
        let targets = logits.indices.map { Float($0 % 2) }
        let weights = logits.indices.map { Float($0 % 3) }
        var deltas = [Float](repeating: 0, count: logits.count)
        let total = unsafe nectar_cross_entropy(Int32(logits.count), Array(logits), targets, weights, 0.5, &deltas)
        var expectedTotal = 0.0
        for (index, logit) in logits.enumerated() {
            let (z, y, w) = (Double(logit), Double(targets[index]), Double(weights[index]))
            expectedTotal += w * (max(z, 0) - y * z + log1p(exp(-abs(z))))
            let expected = 0.5 * w * (1 / (1 + exp(-z)) - y)
            #expect(abs(Double(deltas[index]) - expected) <= 1e-6, "logit \(logit)")
        }
        #expect(abs(total - expectedTotal) <= 1e-6 * expectedTotal + 1e-5)
    }

    @Test("a logit that is not finite makes the loss not finite", arguments: [Float.nan, .infinity, -.infinity])
    func crossEntropyOfNonFinite(logit: Float) {
        var deltas: [Float] = [0]
        for target: Float in [0, 1] {
            let loss = unsafe nectar_cross_entropy(1, [logit], [target], [1], 1, &deltas)
            #expect(!loss.isFinite)
        }
    }

    @Test("the losses that compare items agree with the library's functions, far apart too", arguments: [2, 5, 9, 17])
    func comparisons(per: Int) {
        let far: [Float] = [0, 60, -60, 100, -100, 500, -500, 1]
        let groups = 6
        let logits = (numbers(groups * per, seed: 21).map { 3 * $0 }).enumerated().map { index, z in
            index < per ? far[index % far.count] : z
        }
        let weights = logits.indices.map { Float(1 + $0 % 3) / 2 }
        var pairwise = [Float](repeating: 0, count: logits.count)
        var softmax = pairwise
        let (found, foundSoftmax) = unsafe (
            nectar_pairwise_ranking(Int32(groups), Int32(per), logits, weights, 0.5, &pairwise),
            nectar_sampled_softmax(Int32(groups), Int32(per), logits, weights, 0.5, &softmax)
        )
        var (expected, expectedSoftmax) = (0.0, 0.0)
        for group in 0..<groups {
            let z = (0..<per).map { Double(logits[group * per + $0]) }
            let v = (0..<per).map { Double(weights[group * per + $0]) }
            let greatest = z.max() ?? 0
            let sum = exp(z[0] - greatest) + (1..<per).reduce(0) { $0 + v[$1] * exp(z[$1] - greatest) }
            expectedSoftmax += v[0] * (greatest - z[0] + log(sum))
            for j in 1..<per {
                let x = z[j] - z[0]
                expected += v[0] * v[j] * (max(x, 0) + log1p(exp(-abs(x))))
                #expect(abs(Double(pairwise[group * per + j]) - 0.5 * v[0] * v[j] / (1 + exp(-x))) < 1e-6)
                #expect(abs(Double(softmax[group * per + j]) - 0.5 * v[0] * v[j] * exp(z[j] - greatest) / sum) < 1e-6)
            }
        }
        #expect(
            abs(found - expected) <= 1e-6 * expected && abs(foundSoftmax - expectedSoftmax) <= 1e-6 * expectedSoftmax)
    }

    @Test("squared error and its derivative", arguments: sizes)
    func squaredError(count: Int) {
        let (predictions, targets) = (numbers(count, seed: 11), numbers(count, seed: 12))
        let weights = (0..<count).map { Float($0 % 3) }
        var deltas = [Float](repeating: 0, count: count)
        let total = unsafe nectar_squared_error(Int32(count), predictions, targets, weights, 0.25, &deltas)
        expectClose(deltas, (0..<count).map { 0.5 * weights[$0] * (predictions[$0] - targets[$0]) })
        let expected = (0..<count).reduce(0.0) {
            let error = Double(predictions[$1] - targets[$1])
            return $0 + Double(weights[$1]) * error * error
        }
        #expect(abs(total - expected) <= 1e-5 * (1 + expected))
    }

    @Test("Adam's step is the paper's", arguments: sizes)
    func adam(n: Int) {
        var x = numbers(n, seed: 13)
        let state = OptimizerState(count: n, numbers: 2)
        var expected = x.map(Double.init)
        var reference = ReferenceAdam(count: n)
        let optimizer = Optimizer(learningRate: 0.05)
        for step in 1...30 {
            let gradient = numbers(n, seed: UInt64(100 + step))
            let penalised = zip(gradient, expected).map { Double($0) + 0.01 * $1 }
            reference.apply(penalised, to: &expected, rate: 0.05)
            unsafe state.step(
                from: 0, count: n, parameters: &x, gradient: gradient, decay: 0.01, optimizer: optimizer, step: step)
        }
        expectClose(x, expected.map(Float.init), within: 1e-4)
    }

    @Test("a transposed matrix has rows for columns", arguments: sizes)
    func transpose(n: Int) {
        // Fewer rows than a block has, one block, and more with a remainder.
        for rows in [5, 8, 21] {
            let input = numbers(rows * n, seed: 16)
            var found = [Float](repeating: 0, count: rows * n)
            unsafe nectar_transpose(Int32(rows), Int32(n), input, &found)
            #expect(found == (0..<rows * n).map { input[$0 % rows * n + $0 / rows] }, "\(rows) rows")
        }
    }

    @Test("the bias correction fades out beyond its table")
    func lateCorrection() {
        var x: [Float] = [1]
        unsafe OptimizerState(count: 1, numbers: 2).step(
            from: 0, count: 1, parameters: &x, gradient: [0.5], decay: 0, optimizer: Optimizer(learningRate: 0.1),
            step: 1_000_000)
        // m is 0.1 g and v 0.001 g², as they are.
        expectClose(x, [1 - 0.1 * 0.05 / Float(0.00025).squareRoot()])
    }

    @Test("matrix products in every order and with gaps between rows")
    func products() {
        let (a, b) = (numbers(3 * 7, seed: 14), numbers(7 * 7, seed: 15))
        var c = [Float](repeating: 0, count: 2 * 6)
        Kernels.useOneThread()
        unsafe a.withUnsafeBufferPointer { left in
            unsafe b.withUnsafeBufferPointer { right in
                guard let left = left.baseAddress, let right = right.baseAddress else { return }
                // C (2 × 5) = A (2 × 4, rows 7 apart) Bᵀ (B being 5 × 4, rows 7 apart).
                unsafe Kernels.multiply(
                    rows: 2, columns: 5, inner: 4, .init(base: left, stride: 7, order: .plain),
                    .init(base: right, stride: 7, order: .transposed), into: &c, stride: 6)
            }
        }
        for row in 0..<2 {
            for column in 0..<5 {
                let expected = (0..<4).reduce(Float(0)) { $0 + a[row * 7 + $1] * b[column * 7 + $1] }
                #expect(abs(c[row * 6 + column] - expected) <= 1e-5 * (1 + abs(expected)))
            }
            #expect(c[row * 6 + 5] == 0, "the gap between rows is not written to")
        }
    }
}
