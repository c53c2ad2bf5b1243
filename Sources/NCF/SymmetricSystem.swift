internal import CKernels

/// A small symmetric positive definite system of equations, A x = b, solved by Cholesky's decomposition.
///
/// For one user's vector: tens of unknowns. Sums and decomposition are kernels in C.
struct SymmetricSystem {
    let size: Int
    /// Row-major; only the upper triangle (column ≥ row) is used.
    var matrix: [Float]
    var rightSide: [Float]

    /// All zero.
    init(size: Int) {
        self.size = size
        matrix = Array(repeating: 0, count: size * size)
        rightSide = Array(repeating: 0, count: size)
    }

    /// A += weight · x xᵀ and b += value · x.
    mutating func add(_ x: UnsafeBufferPointer<Float>, weight: Float, value: Float) {
        unsafe add(rows: Array(x), weights: [weight], values: [value])
    }

    /// The same for every row of `rows`, each ``size`` long.
    mutating func add(rows: [Float], weights: [Float], values: [Float]) {
        precondition(rows.count == weights.count * size && values.count == weights.count)
        unsafe nectar_add_weighted_gram(Int32(weights.count), Int32(size), rows, weights, &matrix)
        unsafe rows.withUnsafeBufferPointer { rows in
            for (index, value) in values.enumerated() {
                for k in 0..<size { unsafe rightSide[k] += value * rows[index * size + k] }
            }
        }
    }

    /// A[i, i] += weight and b[i] += value.
    mutating func addDiagonal(_ index: Int, weight: Float, value: Float) {
        matrix[index * size + index] += weight
        rightSide[index] += value
    }

    /// x; nil where A is not positive definite.
    consuming func solved() -> [Float]? {
        guard let factor = factored() else { return nil }
        var x = rightSide
        factor.halve(&x)
        for row in (0..<size).reversed() {
            for later in (row + 1)..<max(row + 1, size) { x[row] -= factor.upper[row * size + later] * x[later] }
            x[row] /= factor.upper[row * size + row]
        }
        return x
    }

    /// U with A = Uᵀ U; nil where A is not positive definite.
    func factored() -> Factor? {
        var upper = matrix
        guard unsafe nectar_cholesky(Int32(size), &upper) == 1 else { return nil }
        return Factor(size: size, upper: upper)
    }

    /// Cholesky's factor of a system.
    struct Factor {
        let size: Int
        /// Row-major; only the upper triangle counts.
        let upper: [Float]

        /// Replaces x by U⁻ᵀ x: the products of two such vectors are those with A⁻¹ between them.
        func halve(_ x: inout [Float]) {
            unsafe upper.withUnsafeBufferPointer { upper in
                unsafe x.withUnsafeMutableBufferPointer { x in
                    for row in 0..<size {
                        unsafe x[row] /= upper[row * size + row]
                        let own = unsafe x[row]
                        for later in (row + 1)..<max(row + 1, size) {
                            unsafe x[later] -= upper[row * size + later] * own
                        }
                    }
                }
            }
        }
    }
}
