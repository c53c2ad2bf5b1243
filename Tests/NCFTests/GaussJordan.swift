/// The inverse of a square matrix by Gauss and Jordan's elimination without pivoting: what the engine's inverses are held against.
func inverse(_ matrix: [[Double]]) -> [[Double]] {
    let size = matrix.count
    var rows = matrix.enumerated().map { row, elements in elements + (0..<size).map { $0 == row ? 1 : 0 } }
    for pivot in 0..<size {
        let factor = rows[pivot][pivot]
        for column in 0..<2 * size { rows[pivot][column] /= factor }
        for row in 0..<size where row != pivot {
            let factor = rows[row][pivot]
            for column in 0..<2 * size { rows[row][column] -= factor * rows[pivot][column] }
        }
    }
    return rows.map { Array($0[size...]) }
}
