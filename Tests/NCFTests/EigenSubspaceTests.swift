import Testing

@testable import NCF

@Suite("A subspace of vectors")
struct EigenSubspaceTests {
    private func product(_ subspace: EigenSubspace, _ left: Int, _ right: Int) -> Double {
        (0..<subspace.size).reduce(0) {
            $0 + Double(subspace.vectors[left * subspace.size + $1])
                * Double(subspace.vectors[right * subspace.size + $1])
        }
    }

    private func expectOrthonormal(_ subspace: EigenSubspace) {
        for left in 0..<subspace.count {
            for right in 0...left {
                #expect(abs(product(subspace, left, right) - (left == right ? 1 : 0)) < 1e-5, "\(left), \(right)")
            }
        }
    }

    @Test("becomes orthonormal, whatever the number of vectors", arguments: [1, 2, 15, 16, 17, 64, 80])
    func orthonormal(count: Int) {
        let subspace = EigenSubspace(size: 100, count: count, blockWidth: count, seed: 3)
        subspace.orthonormalise(0..<subspace.count)
        expectOrthonormal(subspace)
    }

    @Test("spans what it did: each vector is the sum of the new ones up to its place")
    func span() {
        let subspace = EigenSubspace(size: 60, count: 40, blockWidth: 40, seed: 5)
        let before = subspace.vectors.array
        subspace.orthonormalise(0..<subspace.count)
        for vector in 0..<subspace.count {
            var rest = before[vector * 60..<(vector + 1) * 60].map(Double.init)
            for other in 0...vector {
                let share = (0..<60).reduce(0) { $0 + rest[$1] * Double(subspace.vectors[other * 60 + $1]) }
                for k in 0..<60 { rest[k] -= share * Double(subspace.vectors[other * 60 + k]) }
            }
            #expect(rest.allSatisfy { abs($0) < 1e-4 }, "vector \(vector)")
        }
    }

    @Test("becomes orthonormal though its vectors depend on each other, within a panel and beyond it")
    func dependent() {
        let subspace = EigenSubspace(size: 100, count: 70, blockWidth: 70, seed: 4)
        for vector in 3..<70 {
            for k in 0..<100 {
                subspace.vectors[vector * 100 + k] =
                    Float(vector) * subspace.vectors[k] + subspace.vectors[(vector % 3) * 100 + k]
            }
        }
        subspace.orthonormalise(0..<subspace.count)
        expectOrthonormal(subspace)
    }

    @Test("becomes orthonormal though nothing is left of its vectors, not even rounding errors", arguments: [50, 64])
    func nothing(size: Int) {
        let subspace = EigenSubspace(size: size, count: 50, blockWidth: 50, seed: 6)
        for vector in 0..<50 {
            for k in 0..<size where vector % 5 > 1 { subspace.vectors[vector * size + k] = k == 0 ? Float(vector) : 0 }
        }
        for k in 0..<size { subspace.vectors[7 * size + k] = 0 }
        subspace.orthonormalise(0..<subspace.count)
        expectOrthonormal(subspace)
    }

    /// Turns a subspace towards the eigenvectors of the diagonal matrix of some values, which are unit vectors.
    private func turn(_ subspace: EigenSubspace, _ values: [Float]) -> Bool {
        let images = subspace.spanPowers(isCancelled: { false }) { vectors, count in
            let image = AlignedBuffer<Float>(count: count * values.count, repeating: 0)
            for index in 0..<image.count { image[index] = values[index % values.count] * vectors[index] }
            return image
        }
        guard let images else { return false }
        return subspace.turnToEigenvectors(images: images)
    }

    @Test("finds the leading eigenvectors from a few products with each vector", arguments: [1, 7, 10, 60])
    func leading(blockWidth: Int) {
        let values = (0..<300).map { 100 / Float($0 + 1) }
        let subspace = EigenSubspace(size: 300, count: 60, blockWidth: blockWidth, seed: 7)
        #expect(turn(subspace, values))
        expectOrthonormal(subspace)
        // One block is a random subspace, which holds none of them whole.
        for vector in 0..<4 where blockWidth < 60 {
            #expect(abs(subspace.vectors[vector * 300 + vector]) > 0.9999, "vector \(vector)")
        }
    }

    @Test("finds more eigenvectors of one value than a block has vectors, and goes on where there are no others")
    func repeated() {
        let values = (0..<50).map { Float($0 < 20 ? 1 : 0) }
        let subspace = EigenSubspace(size: 50, count: 40, blockWidth: 5, seed: 8)
        #expect(turn(subspace, values))
        expectOrthonormal(subspace)
        for vector in 0..<20 {
            let elements = (0..<20).map { subspace.vectors[vector * 50 + $0] }
            #expect(elements.reduce(0) { $0 + $1 * $1 } > 0.999, "vector \(vector)")
        }
    }

    @Test("is told before each block whether to go on")
    func cancelled() {
        for limit in 1...4 {
            let subspace = EigenSubspace(size: 30, count: 20, blockWidth: 5, seed: 9)
            var (asked, multiplied) = (0, 0)
            let images = subspace.spanPowers {
                asked += 1
                return asked == limit
            } product: { vectors, count in
                multiplied += count
                return vectors
            }
            #expect(images == nil && multiplied == 5 * (limit - 1))
        }
    }
}
