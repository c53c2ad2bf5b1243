import Testing

@testable import NCF

@Suite("The inverse in tiles")
struct TiledInverseTests {
    /// A Aᵀ + I for a random A; only the lower triangle, the rest being poison.
    private func matrix(size: Int, seed: UInt64 = 1) -> (whole: [[Double]], elements: AlignedBuffer<Float>) {
        var random = SplitMix64(seed: seed)
        let factor = (0..<size).map { _ in (0..<size).map { _ in random.nextNormal() } }
        let elements = AlignedBuffer<Float>(count: size * size, repeating: .nan)
        let whole = (0..<size).map { row in
            (0..<size).map { column in
                zip(factor[row], factor[column]).reduce(row == column ? 1 : 0) { $0 + $1.0 * $1.1 }
            }
        }
        for row in 0..<size {
            for column in 0...row { elements[row * size + column] = Float(whole[row][column]) }
        }
        return (whole, elements)
    }

    private func invert(_ elements: AlignedBuffer<Float>, size: Int, side: Int, threads: Int = 2) -> Bool? {
        TiledInverse(size: size, elements: elements, loop: ParallelLoop(threads: threads), side: side).invert { false }
    }

    @Test(
        "the matrix times its inverse is the identity, whatever the tiles", arguments: [1, 7, 8, 9, 16, 37], [3, 8, 64])
    func inverse(size: Int, side: Int) {
        let (whole, elements) = matrix(size: size)
        #expect(invert(elements, size: size, side: side) == true)
        func inverse(_ row: Int, _ column: Int) -> Double {
            Double(elements[max(row, column) * size + min(row, column)])
        }
        for row in 0..<size {
            for column in 0..<size {
                let product = (0..<size).reduce(0) { $0 + whole[row][$1] * inverse($1, column) }
                #expect(abs(product - (row == column ? 1 : 0)) < 1e-3, "\(row), \(column)")
            }
            // What lies above the diagonal belongs to somebody else.
            for column in row + 1..<max(size, row + 1) { #expect(elements[row * size + column].isNaN) }
        }
    }

    @Test("the bytes are the same for any number of threads")
    func deterministic() {
        let results = [1, 2, 3].map { threads in
            let elements = matrix(size: 50).elements
            #expect(invert(elements, size: 50, side: 8, threads: threads) == true)
            return elements.array.map(\.bitPattern)
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test("a matrix that is not positive definite has none, wherever that shows", arguments: [0, 5, 11])
    func indefinite(place: Int) {
        let elements = matrix(size: 12).elements
        elements[place * 12 + place] = -1
        #expect(invert(elements, size: 12, side: 4) == false)
    }

    @Test("it ends between two rows of tiles when asked to", arguments: [0, 4, 8])
    func cancelled(after steps: Int) {
        var questions = 0
        let inverse = TiledInverse(
            size: 12, elements: matrix(size: 12).elements, loop: ParallelLoop(threads: 1), side: 4)
        let result = inverse.invert {
            questions += 1
            return questions > steps
        }
        #expect(result == nil && questions == steps + 1)
    }
}
