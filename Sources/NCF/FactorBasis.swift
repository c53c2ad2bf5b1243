import COpenBLAS

/// The orthonormal basis in which scale · Σ q qᵀ over some factors q is diagonal.
///
/// Products between users and items do not change when both are turned to it; what every pair adds to the normal equations
/// of a row is a diagonal there, and is never decomposed again.
struct FactorBasis {
    /// The diagonal: the eigenvalues, ascending, none below 0.
    let values: AlignedBuffer<Float>
    /// Dimension × dimension: an eigenvector a row.
    private let vectors: AlignedBuffer<Float>

    private var dimension: Int { values.count }

    /// Rows that one task turns, and the fewest that it sums up.
    private static let blockRows = 2048
    /// So many sums at most are held at once.
    private static let blockLimit = 16

    /// The basis of the first `count` rows of `factors`; nil where they are not all finite. O(count · d² + d³).
    init?(of factors: AlignedBuffer<Float>, count: Int, _ dimension: Int, scale: Double, loop: ParallelLoop) {
        vectors = Self.gram(of: factors, count: count, dimension, scale: Float(scale), loop: loop)
        values = AlignedBuffer(count: dimension, repeating: 0)
        guard unsafe Kernels.diagonalise(size: dimension, matrix: vectors.base, values: values.base) else { return nil }
        for k in 0..<dimension {
            guard values[k].isFinite else { return nil }
            // Rounding makes of a 0 something a little below.
            values[k] = max(0, values[k])
        }
    }

    /// Gives all rows of `factors` in this basis, in place. O(rows · d²).
    func turn(_ factors: AlignedBuffer<Float>, loop: ParallelLoop) {
        let rows = factors.count / dimension
        let turned = (0..<loop.threads).map { _ in
            AlignedBuffer<Float>(count: min(rows, Self.blockRows) * dimension, repeating: 0)
        }
        loop.run(tasks: (rows + Self.blockRows - 1) / Self.blockRows) { worker, block in
            let count = min(Self.blockRows, rows - block * Self.blockRows)
            let (own, result) = unsafe (factors.base + block * Self.blockRows * dimension, turned[worker].base)
            unsafe Kernels.multiply(
                rows: count, columns: dimension, inner: dimension,
                Kernels.Factor(base: own, stride: dimension, order: .plain),
                Kernels.Factor(base: vectors.base, stride: dimension, order: .transposed), into: result,
                stride: dimension)
            unsafe own.update(from: result, count: count * dimension)
        }
    }

    /// The upper triangle of scale · Σ q qᵀ.
    private static func gram(
        of factors: AlignedBuffer<Float>, count: Int, _ dimension: Int, scale: Float, loop: ParallelLoop
    ) -> AlignedBuffer<Float> {
        // In blocks whose size only the number of rows decides, summed in their order: the threads do not matter.
        let rowsPerBlock = max(blockRows, (count + blockLimit - 1) / blockLimit)
        let blocks = max(1, (count + rowsPerBlock - 1) / rowsPerBlock)
        let size = dimension * dimension
        let sums = (0..<blocks).map { _ in AlignedBuffer<Float>(count: size, repeating: 0) }
        loop.run(tasks: blocks) { _, block in
            let rows = min(rowsPerBlock, count - block * rowsPerBlock)
            unsafe Kernels.addGram(
                rows: rows, columns: dimension, of: factors.base + block * rowsPerBlock * dimension,
                into: sums[block].base)
        }
        for block in sums.dropFirst() {
            for index in 0..<size { sums[0][index] += block[index] }
        }
        for index in 0..<size { sums[0][index] *= scale }
        return sums[0]
    }
}
