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
        let subspace = EigenSubspace(size: 100, count: count, seed: 3)
        subspace.orthonormalise()
        expectOrthonormal(subspace)
    }

    @Test("spans what it did: each vector is the sum of the new ones up to its place")
    func span() {
        let subspace = EigenSubspace(size: 60, count: 40, seed: 5)
        let before = subspace.vectors.array
        subspace.orthonormalise()
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
        let subspace = EigenSubspace(size: 100, count: 70, seed: 4)
        for vector in 3..<70 {
            for k in 0..<100 {
                subspace.vectors[vector * 100 + k] =
                    Float(vector) * subspace.vectors[k] + subspace.vectors[(vector % 3) * 100 + k]
            }
        }
        subspace.orthonormalise()
        expectOrthonormal(subspace)
    }

    @Test("becomes orthonormal though nothing is left of its vectors, not even rounding errors", arguments: [50, 64])
    func nothing(size: Int) {
        let subspace = EigenSubspace(size: size, count: 50, seed: 6)
        for vector in 0..<50 {
            for k in 0..<size where vector % 5 > 1 { subspace.vectors[vector * size + k] = k == 0 ? Float(vector) : 0 }
        }
        for k in 0..<size { subspace.vectors[7 * size + k] = 0 }
        subspace.orthonormalise()
        expectOrthonormal(subspace)
    }
}
