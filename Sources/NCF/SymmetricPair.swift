import COpenBLAS

/// Two symmetric matrices of one size in the memory of one: G in the upper triangle, P = (G + λ I)⁻¹ in the lower one,
/// their diagonals aside. For the thousands of rows of ``ItemItemRegression``.
@safe
final class SymmetricPair: Sendable {
    /// Vectors that one task multiplies, whatever the number of threads, so that this cannot change a digit; fewer would
    /// pack the matrix too often.
    private static let vectorsPerTask = 104

    let size: Int
    private let loop: ParallelLoop
    /// Row-major; until ``invertLower(penalty:)`` the diagonal is G's.
    let elements: AlignedBuffer<Float>
    // The diagonals, of which only one fits into the memory.
    private let upperDiagonal: AlignedBuffer<Float>
    private let lowerDiagonal: AlignedBuffer<Float>

    /// All zero; products are made on the threads of `loop`.
    init(size: Int, loop: ParallelLoop) {
        self.size = size
        self.loop = loop
        elements = AlignedBuffer(count: size * size, repeating: 0)
        upperDiagonal = AlignedBuffer(count: size, repeating: 0)
        lowerDiagonal = AlignedBuffer(count: size, repeating: 0)
    }

    /// Makes P of G; O(size³).
    ///
    /// - Parameter isCancelled: Asked again and again.
    /// - Returns: Whether G + λ I was positive definite; nil where `isCancelled` said so.
    func invertLower(penalty: Float, isCancelled: () -> Bool = { false }) -> Bool? {
        mirror()
        for index in 0..<size {
            upperDiagonal[index] = elements[index * size + index]
            elements[index * size + index] += penalty
        }
        let inverse = TiledInverse(size: size, elements: elements, loop: loop)
        guard let isSolved = inverse.invert(isCancelled: isCancelled) else { return nil }
        guard isSolved else { return false }
        for index in 0..<size { lowerDiagonal[index] = elements[index * size + index] }
        return lowerDiagonal.array.allSatisfy { $0 > 0 && $0.isFinite }
    }

    /// Copies the upper triangle to the lower one, in square blocks that stay in the cache.
    private func mirror() {
        let block = 64
        let base = unsafe elements.base
        for top in stride(from: 0, to: size, by: block) {
            for left in stride(from: 0, through: top, by: block) {
                for row in top..<min(size, top + block) {
                    for column in left..<min(row, left + block) {
                        unsafe base[row * size + column] = base[column * size + row]
                    }
                }
            }
        }
    }

    /// B times each of the `count` vectors (rows of `size` elements), B being I − P diag(P)⁻¹.
    func relation(of vectors: AlignedBuffer<Float>, count: Int) -> AlignedBuffer<Float> {
        let result = inverse(times: scaledByInverseDiagonal(vectors, count), count)
        for index in 0..<size * count { result[index] = vectors[index] - result[index] }
        return result
    }

    /// Bᵀ G B times each of the vectors: how B's predictions look in the metric of G.
    func relationGram(of vectors: AlignedBuffer<Float>, count: Int) -> AlignedBuffer<Float> {
        let weighed = gram(times: relation(of: vectors, count: count), count)
        // Bᵀ y = y − diag(P)⁻¹ P y.
        let turned = scaledByInverseDiagonal(inverse(times: weighed, count), count)
        for index in 0..<size * count { turned[index] = weighed[index] - turned[index] }
        return turned
    }

    private func scaledByInverseDiagonal(_ vectors: AlignedBuffer<Float>, _ count: Int) -> AlignedBuffer<Float> {
        let scaled = AlignedBuffer<Float>(count: size * count, repeating: 0)
        for vector in 0..<count {
            for k in 0..<size { scaled[vector * size + k] = vectors[vector * size + k] / lowerDiagonal[k] }
        }
        return scaled
    }

    private func inverse(times vectors: AlignedBuffer<Float>, _ count: Int) -> AlignedBuffer<Float> {
        product(CblasLower, vectors, count)
    }

    /// The diagonal in memory is P's, which is set right afterwards.
    private func gram(times vectors: AlignedBuffer<Float>, _ count: Int) -> AlignedBuffer<Float> {
        let result = product(CblasUpper, vectors, count)
        for vector in 0..<count {
            for k in 0..<size {
                result[vector * size + k] += (upperDiagonal[k] - lowerDiagonal[k]) * vectors[vector * size + k]
            }
        }
        return result
    }

    private func product(
        _ triangle: CBLAS_UPLO, _ vectors: AlignedBuffer<Float>, _ count: Int
    ) -> AlignedBuffer<Float> {
        let result = AlignedBuffer<Float>(count: size * count, repeating: 0)
        loop.run(tasks: (count + Self.vectorsPerTask - 1) / Self.vectorsPerTask) { _, task in
            let first = task * Self.vectorsPerTask
            unsafe cblas_ssymm(
                CblasRowMajor, CblasRight, triangle, Int32(min(Self.vectorsPerTask, count - first)), Int32(size), 1,
                elements.base, Int32(size), vectors.base + first * size, Int32(size), 0, result.base + first * size,
                Int32(size))
        }
        return result
    }
}
