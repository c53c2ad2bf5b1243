/// A small symmetric positive definite system of equations, A x = b, solved by Cholesky's decomposition.
///
/// For one user's vector: tens of unknowns. The updates run along rows, which the compiler vectorises.
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
        for row in 0..<size {
            let scaled = unsafe weight * x[row]
            unsafe rightSide[row] += value * x[row]
            unsafe matrix.withUnsafeMutableBufferPointer { matrix in
                for column in row..<size { unsafe matrix[row * size + column] += scaled * x[column] }
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
        for pivot in 0..<size {
            let diagonal = matrix[pivot * size + pivot]
            guard diagonal > 0, diagonal.isFinite else { return nil }
            let root = diagonal.squareRoot()
            unsafe matrix.withUnsafeMutableBufferPointer { matrix in
                for column in pivot..<size { unsafe matrix[pivot * size + column] /= root }
                for row in (pivot + 1)..<max(pivot + 1, size) {
                    let factor = unsafe matrix[pivot * size + row]
                    for column in row..<size {
                        unsafe matrix[row * size + column] -= factor * matrix[pivot * size + column]
                    }
                }
            }
        }
        // Uᵀ y = b, then U x = y.
        for row in 0..<size {
            rightSide[row] /= matrix[row * size + row]
            for later in (row + 1)..<max(row + 1, size) {
                rightSide[later] -= matrix[row * size + later] * rightSide[row]
            }
        }
        for row in (0..<size).reversed() {
            for later in (row + 1)..<max(row + 1, size) {
                rightSide[row] -= matrix[row * size + later] * rightSide[later]
            }
            rightSide[row] /= matrix[row * size + row]
        }
        return rightSide
    }
}
