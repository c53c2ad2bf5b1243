import COpenBLAS

/// Some vectors that subspace iteration turns towards the leading eigenvectors of a symmetric matrix (Halko et al. 2011).
///
/// Belongs to one thread. Where the matrix has a lower rank than there are vectors, the surplus ones point anywhere else.
@safe
final class EigenSubspace {
    // Once is too inexact in single precision, and what is left of a vector that the others span needs a third time.
    private static let passes = 3
    /// Vectors that are made orthogonal to all before them at once, by matrix products rather than by vectors.
    private static let panelWidth = 16

    let size: Int
    let count: Int
    /// Count × size: a vector a row.
    var vectors: AlignedBuffer<Float>

    /// Random vectors from `seed`.
    init(size: Int, count: Int, seed: UInt64) {
        self.size = size
        self.count = count
        vectors = AlignedBuffer(count: size * count, repeating: 0)
        var random = SplitMix64(seed: seed, 8)
        for index in 0..<vectors.count { vectors[index] = Float(random.nextNormal()) }
    }

    /// Makes the vectors orthonormal without changing what they span (Gram and Schmidt, in panels); O(size · count²).
    ///
    /// Of a vector that depends on those before it rounding errors are left, a direction as good as any, or nothing: then it becomes
    /// some direction that they do not span.
    func orthonormalise() {
        let products = AlignedBuffer<Float>(count: count * min(count, Self.panelWidth), repeating: 0)
        for start in stride(from: 0, to: count, by: Self.panelWidth) {
            let panel = start..<min(count, start + Self.panelWidth)
            for _ in 0..<Self.passes {
                for index in panel { normalise(index) }
                subtract(0..<start, from: panel, products)
                // One after the other, as what a vector is freed of must not change any more.
                for index in panel { orthonormalise(index, against: start..<index, products) }
            }
            for index in panel where index < size && isZero(index) { redirect(index, besides: panel, products) }
        }
    }

    private func isZero(_ index: Int) -> Bool {
        (index * size..<(index + 1) * size).allSatisfy { vectors[$0] == 0 }
    }

    /// Gives a vector any direction that is orthogonal to the panel's other ones and all before them.
    private func redirect(_ index: Int, besides panel: Range<Int>, _ products: AlignedBuffer<Float>) {
        var random = SplitMix64(seed: UInt64(index), 9)
        for element in index * size..<(index + 1) * size { vectors[element] = Float(random.nextNormal()) }
        for _ in 0..<Self.passes {
            normalise(index)
            subtract(0..<index, from: index..<index + 1, products)
            subtract(index + 1..<panel.upperBound, from: index..<index + 1, products)
        }
        normalise(index)
    }

    private func orthonormalise(_ index: Int, against others: Range<Int>, _ products: AlignedBuffer<Float>) {
        for _ in 0..<(others.isEmpty ? 0 : Self.passes) {
            normalise(index)
            subtract(others, from: index..<index + 1, products)
        }
        normalise(index)
    }

    private func normalise(_ index: Int) {
        let vector = unsafe vectors.base + index * size
        let norm = unsafe cblas_snrm2(Int32(size), vector, 1)
        unsafe cblas_sscal(Int32(size), norm >= .leastNormalMagnitude ? 1 / norm : 0, vector, 1)
    }

    /// Takes from each of some vectors what `others`, which are orthonormal, span of it.
    private func subtract(_ others: Range<Int>, from some: Range<Int>, _ products: AlignedBuffer<Float>) {
        guard !others.isEmpty else { return }
        let (from, of) = unsafe (vectors.base + some.lowerBound * size, vectors.base + others.lowerBound * size)
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(some.count), Int32(others.count), Int32(size), 1, from,
            Int32(size), of, Int32(size), 0, products.base, Int32(others.count))
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(some.count), Int32(size), Int32(others.count), -1,
            products.base, Int32(others.count), of, Int32(size), 1, from, Int32(size))
    }

    /// Turns the orthonormal vectors into the eigenvectors of the matrix within their span, the greatest eigenvalue first
    /// (Rayleigh and Ritz).
    ///
    /// - Parameter images: The matrix times each of the vectors.
    /// - Returns: Whether the small problem of eigenvalues was solved.
    func turnToEigenvectors(images: AlignedBuffer<Float>) -> Bool {
        let projected = AlignedBuffer<Float>(count: count * count, repeating: 0)
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(count), Int32(count), Int32(size), 1, vectors.base,
            Int32(size), images.base, Int32(size), 0, projected.base, Int32(count))
        let values = AlignedBuffer<Float>(count: count, repeating: 0)
        let isSolved = unsafe Kernels.diagonalise(size: count, matrix: projected.base, values: values.base)
        guard isSolved else { return false }
        // They come by ascending eigenvalue; the greatest shall come first.
        let reversed = AlignedBuffer<Float>(count: count * count, repeating: 0)
        for row in 0..<count {
            unsafe (reversed.base + row * count).update(
                from: projected.base + (count - 1 - row) * count, count: count)
        }
        let turned = AlignedBuffer<Float>(count: size * count, repeating: 0)
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(count), Int32(size), Int32(count), 1, reversed.base,
            Int32(count), vectors.base, Int32(size), 0, turned.base, Int32(size))
        vectors = turned
        return true
    }
}
