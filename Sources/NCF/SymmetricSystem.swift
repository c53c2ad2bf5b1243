/// A small symmetric positive definite system of equations, decomposed after Cholesky.
///
/// For one user's vector: tens of unknowns.
struct SymmetricSystem {
    let size: Int
    /// Row-major; only the upper triangle (column ≥ row) is used.
    private var matrix: [Float]

    /// A with nothing but a diagonal.
    init(diagonal: [Float]) {
        size = diagonal.count
        matrix = Array(repeating: 0, count: size * size)
        for (index, value) in diagonal.enumerated() { matrix[index * size + index] = value }
    }

    /// A += Σ weights[i] x_i x_iᵀ over the rows x_i, each ``size`` long; no weight is negative.
    mutating func add(rows: [Float], weights: [Float]) {
        precondition(rows.count == weights.count * size)
        var scaled = rows
        unsafe scaled.withUnsafeMutableBufferPointer { scaled in
            for (row, weight) in weights.enumerated() {
                let scale = weight.squareRoot()
                for k in 0..<size { unsafe scaled[row * size + k] *= scale }
            }
        }
        unsafe Kernels.addGram(rows: weights.count, columns: size, of: scaled, into: &matrix)
    }

    /// A = Uᵀ U; nil where A is not positive definite.
    consuming func factored() -> Factor? {
        var nothing = [Float](repeating: 0, count: size)
        guard unsafe ServingProducts.solve(size: size, &matrix, rightSide: &nothing) else { return nil }
        return Factor(size: size, upper: matrix)
    }

    /// Cholesky's factor of a system.
    struct Factor {
        let size: Int
        /// Row-major; only the upper triangle counts.
        fileprivate let upper: [Float]

        /// Replaces each row x by U⁻ᵀ x: the products of two such vectors are those with A⁻¹ between them.
        func halve(rows: inout [Float]) {
            unsafe ServingProducts.divide(rows: &rows, count: rows.count / size, size: size, byUpper: upper)
        }
    }
}
