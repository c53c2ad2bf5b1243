import COpenBLAS

/// Two symmetric matrices of one size in the memory of one: G in the upper triangle, P = (G + λ I)⁻¹ in the lower one,
/// their diagonals aside; and of these the relation B = I − P diag(P)⁻¹. For the thousands of rows of ``ItemItemRegression``.
@safe
final class SymmetricPair: ItemRelation, Sendable {
    /// Columns of a product that one task makes, of all vectors at once, so that an element is packed once for them all. Whatever the
    /// number of threads, so that this cannot change a digit.
    static let columnsPerTask = 256

    let size: Int
    private let loop: ParallelLoop
    /// Row-major; until ``solve(penalty:isCancelled:)`` the diagonal is G's.
    let elements: AlignedBuffer<Float>
    // The diagonals, of which only one fits into the memory.
    private let upperDiagonal: AlignedBuffer<Float>
    let lowerDiagonal: AlignedBuffer<Float>

    /// All zero; products are made on the threads of `loop`.
    init(size: Int, loop: ParallelLoop) {
        self.size = size
        self.loop = loop
        elements = AlignedBuffer(count: size * size, repeating: 0)
        upperDiagonal = AlignedBuffer(count: size, repeating: 0)
        lowerDiagonal = AlignedBuffer(count: size, repeating: 0)
    }

    /// Makes P of G.
    func solve(penalty: Float, isCancelled: () -> Bool) -> Bool? {
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

    func relation(of vectors: AlignedBuffer<Float>, count: Int) -> AlignedBuffer<Float> {
        let result = inverse(times: scaledByInverseDiagonal(vectors, count), count)
        for index in 0..<size * count { result[index] = vectors[index] - result[index] }
        return result
    }

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

    /// P times each of the vectors.
    func inverse(times vectors: AlignedBuffer<Float>, _ count: Int) -> AlignedBuffer<Float> {
        product(CblasLower, vectors, count)
    }

    /// G times each of the vectors. The diagonal in memory is P's, which is set right afterwards.
    func gram(times vectors: AlignedBuffer<Float>, _ count: Int) -> AlignedBuffer<Float> {
        let result = product(CblasUpper, vectors, count)
        for vector in 0..<count {
            for k in 0..<size {
                result[vector * size + k] += (upperDiagonal[k] - lowerDiagonal[k]) * vectors[vector * size + k]
            }
        }
        return result
    }

    /// Each block of columns is its square on the diagonal, what is above that and what is below; of the last two one lies in the
    /// other triangle, turned over.
    private func product(
        _ triangle: CBLAS_UPLO, _ vectors: AlignedBuffer<Float>, _ count: Int
    ) -> AlignedBuffer<Float> {
        let result = AlignedBuffer<Float>(count: size * count, repeating: 0)
        let (height, stride) = (Int32(count), Int32(size))
        loop.run(tasks: (size + Self.columnsPerTask - 1) / Self.columnsPerTask) { _, task in
            let columns = task * Self.columnsPerTask..<min(size, (task + 1) * Self.columnsPerTask)
            let into = unsafe result.base + columns.lowerBound
            unsafe cblas_ssymm(
                CblasRowMajor, CblasRight, triangle, height, Int32(columns.count), 1,
                elements.base + columns.lowerBound * (size + 1), stride, vectors.base + columns.lowerBound, stride, 0,
                into, stride)
            for rows in [0..<columns.lowerBound, columns.upperBound..<size] where !rows.isEmpty {
                let isAbove = rows.lowerBound < columns.lowerBound
                let isTurned = isAbove != (triangle == CblasUpper)
                let (row, column) = isTurned ? (columns, rows) : (rows, columns)
                unsafe cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, isTurned ? CblasTrans : CblasNoTrans, height, Int32(columns.count),
                    Int32(rows.count), 1, vectors.base + rows.lowerBound, stride,
                    elements.base + row.lowerBound * size + column.lowerBound, stride, 1, into, stride)
            }
        }
        return result
    }
}
