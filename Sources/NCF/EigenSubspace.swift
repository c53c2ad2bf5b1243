import COpenBLAS

/// Vectors that span what a symmetric matrix makes of a few random ones, again and again, and of that its leading eigenvectors
/// (block Lanczos; Golub and Underwood 1977, Musco and Musco 2015).
///
/// A vector is multiplied once, where subspace iteration multiplies all of them in every step. Belongs to one thread. Where the
/// matrix has a lower rank than there are vectors, the surplus ones point anywhere else.
@safe
final class EigenSubspace {
    // Once is too inexact in single precision, and what is left of a vector that the others span needs a third time.
    private static let passes = 3
    /// Vectors that are made orthogonal to all before them at once, by matrix products rather than by vectors.
    private static let panelWidth = 16

    let size: Int
    let count: Int
    /// Vectors that are multiplied by the matrix together.
    private let blockWidth: Int
    /// Count × size: a vector a row.
    private(set) var vectors: AlignedBuffer<Float>

    /// Random vectors from `seed` in the first block, zeros behind.
    init(size: Int, count: Int, blockWidth: Int, seed: UInt64) {
        self.size = size
        self.count = count
        self.blockWidth = min(count, blockWidth)
        vectors = AlignedBuffer(count: size * count, repeating: 0)
        var random = SplitMix64(seed: seed, 8)
        for index in 0..<size * self.blockWidth { vectors[index] = Float(random.nextNormal()) }
    }

    /// Makes the vectors an orthonormal basis of X, A X, A² X …, X being the first block; O(size · count²) beside the products.
    ///
    /// - Parameters:
    ///   - product: A times each of some vectors, which are as many as it is told.
    ///   - isCancelled: Asked before each block.
    /// - Returns: A times each of the vectors; nil where `isCancelled` said so.
    func spanPowers(
        isCancelled: () -> Bool, product: (AlignedBuffer<Float>, Int) -> AlignedBuffer<Float>
    ) -> AlignedBuffer<Float>? {
        let images = AlignedBuffer<Float>(count: size * count, repeating: 0)
        orthonormalise(0..<blockWidth)
        for start in stride(from: 0, to: count, by: blockWidth) {
            if isCancelled() { return nil }
            let block = start..<min(count, start + blockWidth)
            let factors = AlignedBuffer<Float>(count: size * block.count, repeating: 0)
            unsafe factors.base.update(from: vectors.base + start * size, count: factors.count)
            let image = product(factors, block.count)
            unsafe (images.base + start * size).update(from: image.base, count: factors.count)
            let next = block.upperBound..<min(count, block.upperBound + blockWidth)
            unsafe (vectors.base + next.lowerBound * size).update(from: image.base, count: size * next.count)
            orthonormalise(next)
        }
        return images
    }

    /// Makes some of the vectors orthonormal, and orthogonal to all before them, which are orthonormal, without changing what they
    /// span together (Gram and Schmidt, in panels).
    ///
    /// Of a vector that depends on those before it rounding errors are left, a direction as good as any, or nothing: then it becomes
    /// some direction that they do not span.
    func orthonormalise(_ some: Range<Int>) {
        let products = AlignedBuffer<Float>(count: some.upperBound * min(some.count, Self.panelWidth), repeating: 0)
        for start in stride(from: some.lowerBound, to: some.upperBound, by: Self.panelWidth) {
            let panel = start..<min(some.upperBound, start + Self.panelWidth)
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
