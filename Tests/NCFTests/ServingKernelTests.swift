import Testing

@testable import NCF

@Suite("Serving's kernels against plain loops, by every instruction set of this machine")
struct ServingKernelTests {
    /// Around the widths of vectors, and of what passes through the tower together.
    static let counts = [1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 24, 25, 47, 48, 49, 97]
    static let widths = [0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100]

    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(random.nextNormal()) }
    }

    /// `count` numbers, then the zeros that kernels may read.
    private func padded(_ count: Int, seed: UInt64) -> [Float] {
        numbers(count, seed: seed) + Array(repeating: 0, count: ServingKernels.padded(count) - count)
    }

    /// A copy that ends where its memory ends, so that the address sanitizer sees what is read behind it.
    private func exactly(_ numbers: [Float]) -> AlignedBuffer<Float> {
        let buffer = AlignedBuffer<Float>(count: numbers.count, repeating: 0)
        for (index, number) in numbers.enumerated() { buffer[index] = number }
        return buffer
    }

    private func isClose(_ found: Float, _ expected: Double) -> Bool {
        abs(Double(found) - expected) <= 2e-5 * (1 + abs(expected))
    }

    @Test(
        "scores, of one user and of several bit for bit the same", arguments: ServingKernels.available.indices, widths)
    func scores(instructionSet: Int, width: Int) {
        let kernels = ServingKernels.available[instructionSet]
        let (stride, users) = (ServingKernels.padded(width), ServingKernels.usersTogether)
        var vectors: [Float] = []
        for user in 0..<users { vectors += padded(width, seed: UInt64(20 + user)) }
        vectors.append(0)
        let constants = numbers(users, seed: 3)
        for count in Self.counts {
            let (table, bias) = (exactly(numbers(count * width, seed: 4)), exactly(numbers(count, seed: 5)))
            let rows = unsafe ServingKernels.Rows(count: count, width: width, base: table.base, bias: bias.base)
            var together = [Float](repeating: .nan, count: users * (count + 3))
            unsafe kernels.score(
                rows, byUsers: vectors, stride: stride, constants: constants, into: &together, scoreStride: count + 3)
            for user in 0..<users {
                let vector = Array(vectors[(user * stride)...])
                var alone = [Float](repeating: .nan, count: count)
                unsafe kernels.score(rows, by: vector, constant: constants[user], into: &alone)
                #expect(alone == Array(together[user * (count + 3)..<user * (count + 3) + count]))
                for row in 0..<count {
                    let sum = (0..<width).reduce(Double(bias[row]) + Double(constants[user])) {
                        $0 + Double(vector[$1]) * Double(table[row * width + $1])
                    }
                    #expect(isClose(alone[row], sum), "row \(row) of \(count)")
                }
            }
        }
    }

    @Test(
        "a row's score depends neither on its place nor on its neighbours", arguments: ServingKernels.available.indices)
    func scoresAlone(instructionSet: Int) {
        let kernels = ServingKernels.available[instructionSet]
        for width in Self.widths {
            let (table, bias) = (exactly(numbers(53 * width, seed: 6)), exactly(numbers(53, seed: 7)))
            let vector = padded(width, seed: 8) + [0]
            func scores(_ items: Range<Int>) -> [Float] {
                var scores = [Float](repeating: .nan, count: items.count)
                let base = unsafe table.base + items.lowerBound * width
                let rows = unsafe ServingKernels.Rows(
                    count: items.count, width: width, base: base, bias: bias.base + items.lowerBound)
                unsafe kernels.score(rows, by: vector, constant: 0.5, into: &scores)
                return scores
            }
            let all = scores(0..<53)
            #expect(all == (0..<53).flatMap { scores($0..<$0 + 1) })
            #expect(all == scores(0..<11) + scores(11..<53))
        }
    }

    @Test("a number that is not finite stays in its own row", arguments: ServingKernels.available.indices)
    func notFinite(instructionSet: Int) {
        let kernels = ServingKernels.available[instructionSet]
        for width in [1, 5, 9, 17] {
            var table = numbers(40 * width, seed: 9)
            table[20 * width] = .infinity
            table[30 * width] = .nan
            var scores = [Float](repeating: 0, count: 40)
            let (buffer, bias) = (exactly(table), exactly(numbers(40, seed: 10)))
            let rows = unsafe ServingKernels.Rows(count: 40, width: width, base: buffer.base, bias: bias.base)
            unsafe kernels.score(rows, by: padded(width, seed: 11), constant: 0, into: &scores)
            #expect((0..<40).filter { !scores[$0].isFinite } == [20, 30], "width \(width)")
        }
    }

    @Test("cosines, and nothing that resembles a row of zeros", arguments: ServingKernels.available.indices, widths)
    func cosines(instructionSet: Int, width: Int) {
        let kernels = ServingKernels.available[instructionSet]
        let own = padded(width, seed: 12) + [0]
        let weights = own.map(abs)
        for count in Self.counts {
            var table = numbers(count * width, seed: 13)
            for k in 0..<width { table[(count - 1) * width + k] = 0 }
            let buffer = exactly(table)
            let rows = unsafe ServingKernels.Rows(count: count, width: width, base: buffer.base, bias: buffer.base)
            var cosines = [Float](repeating: .nan, count: count)
            unsafe kernels.cosines(of: rows, with: own, weights: weights, norm: 1.5, into: &cosines)
            for row in 0..<count {
                let x = (0..<width).map { Double(table[row * width + $0]) }
                let square = (0..<width).reduce(0) { $0 + Double(weights[$1]) * x[$1] * x[$1] }
                let product = (0..<width).reduce(0) { $0 + Double(own[$1]) * x[$1] }
                let expected = square > 0 ? product / (1.5 * square.squareRoot()) : -.infinity
                #expect(expected == -.infinity ? cosines[row] == -.infinity : isClose(cosines[row], expected))
            }
        }
    }

    @Test("what reaches a threshold, but for what is hidden", arguments: ServingKernels.available.indices)
    func reaching(instructionSet: Int) {
        let kernels = ServingKernels.available[instructionSet]
        var scores = numbers(192, seed: 14)
        (scores[3], scores[64], scores[70], scores[191]) = (.nan, .infinity, -.infinity, 0.25)
        let hidden: [UInt64] = [0b1011, 1 << 63, 7 << 20]
        for count in [1, 63, 64, 65, 191, 192] {
            for least in [-Float.infinity, 0.25, 100, .infinity] {
                var found = [UInt64](repeating: .max, count: 3)
                let any = unsafe kernels.reaching(least, count: count, scores, hidden: hidden, found: &found)
                let expected = (0..<count).filter {
                    scores[$0] >= least && hidden[$0 / 64] & (1 << ($0 % 64)) == 0
                }
                let words = (count + 63) / 64
                #expect((0..<64 * words).filter { found[$0 / 64] & (1 << ($0 % 64)) != 0 } == expected)
                #expect(any == !expected.isEmpty)
            }
        }
    }

    @Test(
        "a model's scores are its formula's", arguments: ServingKernels.available.indices,
        [[7, 4], [32, 16, 8], [1], [16], [3, 50, 2, 9]])
    func formula(instructionSet: Int, hidden: [Int]) {
        for items in [1, 48, 131] {
            let parameters = ServingFixture.parameters(
                .neumf, users: 2, items: items, seed: 15, embedding: 9, mlp: 5, hidden: hidden)
            let model = ScoringModel(parameters, kernels: ServingKernels.available[instructionSet])
            let scores = model.scores(user: 1)
            for item in 0..<items {
                let expected = ServingFixture.logit(parameters, user: 1, item: item)
                #expect(isClose(scores[item], expected), "item \(item) of \(items)")
            }
        }
    }

    @Test(
        "the products of rows with themselves, of which the upper triangle counts",
        arguments: ServingKernels.available.indices, widths)
    func gram(instructionSet: Int, width: Int) {
        for count in [0, 1, 5, 64, 300] {
            let rows = exactly(numbers(count * width, seed: 16))
            let start = numbers(width * width, seed: 17)
            let matrix = exactly(start)
            unsafe ServingKernels.available[instructionSet].addGram(
                of: rows.base, count: count, width: width, to: matrix.base)
            for row in 0..<width {
                for column in row..<width {
                    var (sum, size) = (Double(start[row * width + column]), 0.0)
                    for place in 0..<count {
                        let product = Double(rows[place * width + row]) * Double(rows[place * width + column])
                        sum += product
                        size += abs(product)
                    }
                    #expect(
                        abs(Double(matrix[row * width + column]) - sum) <= 1e-5 * (1 + size),
                        "\(row), \(column) of \(count) rows")
                }
            }
        }
    }

    @Test("the solution of a positive definite system", arguments: ServingKernels.available.indices, widths)
    func solution(instructionSet: Int, width: Int) {
        let rows = numbers(2 * width * width, seed: 18)
        var matrix = [Double](repeating: 0, count: width * width)
        for row in 0..<width {
            matrix[row * width + row] = 0.5
            for column in 0..<width {
                for place in 0..<2 * width {
                    matrix[row * width + column] +=
                        Double(rows[place * width + row]) * Double(rows[place * width + column])
                }
            }
        }
        let expected = numbers(width, seed: 19).map(Double.init)
        let right = (0..<width).map { row in
            (0..<width).reduce(0) { $0 + matrix[row * width + $1] * expected[$1] }
        }
        // What lies below the diagonal is read by nobody.
        let upper = exactly(
            matrix.indices.map { $0 % max(1, width) < $0 / max(1, width) ? .nan : Float(matrix[$0]) })
        let found = exactly(right.map(Float.init))
        let isSolved = unsafe ServingKernels.available[instructionSet].solve(
            size: width, upper.base, rightSide: found.base)
        #expect(isSolved)
        for k in 0..<width { #expect(abs(Double(found[k]) - expected[k]) < 2e-3, "element \(k)") }
    }

    @Test(
        "a system that is not positive definite has no solution", arguments: ServingKernels.available.indices,
        [1, 4, 5, 17, 64])
    func noSolution(instructionSet: Int, width: Int) {
        for pivot in [0, -1, Float.nan, .leastNonzeroMagnitude] {
            for place in Set([0, width / 2, width - 1]) {
                let matrix = AlignedBuffer<Float>(count: width * width, repeating: 0)
                for k in 0..<width { matrix[k * width + k] = k == place ? pivot : 1 }
                let right = AlignedBuffer<Float>(count: width, repeating: 1)
                let isSolved = unsafe ServingKernels.available[instructionSet].solve(
                    size: width, matrix.base, rightSide: right.base)
                #expect(!isSolved, "\(pivot) in row \(place)")
            }
        }
    }
}
