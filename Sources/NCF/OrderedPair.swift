import COpenBLAS

/// How items speak for those that come after them, and less so for those before: B = P (C + diag(γ)), where with F_ij saying how
/// often, and how soon, j followed i in a history, G = F + Fᵀ + diag(d), P = (G + λ I)⁻¹, C = F + ρ Fᵀ, and γ is what leaves
/// B's diagonal 0: an item does not predict itself.
///
/// With ρ = 1, B is the regression of ``SymmetricPair``, I − P diag(P)⁻¹. Takes twice its memory.
@safe
final class OrderedPair: ItemRelation, Sendable {
    /// Rows and columns of a block, which stays in the cache, also turned over.
    private static let blockSide = 64

    /// G and P.
    private let pair: SymmetricPair
    private let loop: ParallelLoop
    private let backward: Float
    /// Row-major: F, to be filled, with d in the diagonal; ``solve(penalty:isCancelled:)`` makes it C with γ in the diagonal.
    let following: AlignedBuffer<Float>

    private var size: Int { pair.size }

    /// All zero; ρ is `backward`.
    init(size: Int, backward: Double, loop: ParallelLoop) {
        pair = SymmetricPair(size: size, loop: loop)
        following = AlignedBuffer(count: size * size, repeating: 0)
        self.backward = Float(backward)
        self.loop = loop
    }

    func solve(penalty: Float, isCancelled: () -> Bool) -> Bool? {
        combineWithTranspose()
        guard let isSolved = pair.solve(penalty: penalty, isCancelled: isCancelled) else { return nil }
        if isSolved { clearDiagonalOfRelation() }
        return isSolved
    }

    func relation(of vectors: AlignedBuffer<Float>, count: Int) -> AlignedBuffer<Float> {
        pair.inverse(times: product(CblasTrans, vectors, count), count)
    }

    func relationGram(of vectors: AlignedBuffer<Float>, count: Int) -> AlignedBuffer<Float> {
        let weighed = pair.gram(times: relation(of: vectors, count: count), count)
        return product(CblasNoTrans, pair.inverse(times: weighed, count), count)
    }

    /// G from F, and C in its place. A pair of elements is written by one task.
    private func combineWithTranspose() {
        loop.run(tasks: (size + Self.blockSide - 1) / Self.blockSide) { _, task in
            let (following, gram) = unsafe (following.base, pair.elements.base)
            let top = task * Self.blockSide
            for left in stride(from: 0, through: top, by: Self.blockSide) {
                for row in top..<min(size, top + Self.blockSide) {
                    for column in left..<min(row, left + Self.blockSide) {
                        let (lower, upper) = (row * size + column, column * size + row)
                        let (before, after) = unsafe (following[lower], following[upper])
                        unsafe gram[upper] = before + after
                        unsafe following[lower] = before + backward * after
                        unsafe following[upper] = after + backward * before
                    }
                }
            }
            for index in top..<min(size, top + Self.blockSide) {
                unsafe gram[index * (size + 1)] = following[index * (size + 1)]
                unsafe following[index * (size + 1)] = 0
            }
        }
    }

    /// γ_j = −(P C)_jj / P_jj, which P's row and C's column of j tell.
    private func clearDiagonalOfRelation() {
        loop.run(tasks: (size + Self.blockSide - 1) / Self.blockSide) { _, task in
            let columns = task * Self.blockSide..<min(size, (task + 1) * Self.blockSide)
            var sums = [Double](repeating: 0, count: columns.count)
            for row in 0..<size {
                for column in columns where column != row {
                    let inverse = pair.elements[max(row, column) * size + min(row, column)]
                    sums[column - columns.lowerBound] += Double(inverse * following[row * size + column])
                }
            }
            for column in columns {
                let own = Double(pair.lowerDiagonal[column])
                following[column * (size + 1)] = Float(-sums[column - columns.lowerBound] / own)
            }
        }
    }

    /// C + diag(γ), or its transpose, times each vector: as these are rows, the matrix is turned over for itself.
    private func product(
        _ order: CBLAS_TRANSPOSE, _ vectors: AlignedBuffer<Float>, _ count: Int
    ) -> AlignedBuffer<Float> {
        let result = AlignedBuffer<Float>(count: size * count, repeating: 0)
        let (height, stride) = (Int32(count), Int32(size))
        let width = SymmetricPair.columnsPerTask
        loop.run(tasks: (size + width - 1) / width) { _, task in
            let start = task * width
            unsafe cblas_sgemm(
                CblasRowMajor, CblasNoTrans, order, height, Int32(min(size, start + width) - start), stride, 1,
                vectors.base, stride, following.base + start * (order == CblasTrans ? size : 1), stride, 0,
                result.base + start, stride)
        }
        return result
    }
}
