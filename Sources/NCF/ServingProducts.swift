internal import COpenBLAS

/// The matrix products that serving is made of, row-major, one thread each: requests are what runs in parallel.
enum ServingProducts {
    // OpenBLAS would otherwise start a thread per core inside every request. Set once; thread-safe as a static.
    private static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// Makes OpenBLAS single-threaded; every way into a scoring model passes here once.
    static func prepare() {
        precondition(isSingleThreaded)
    }

    /// result += matrix · vector, for a `rows` × `columns` matrix.
    @inline(__always)
    static func addProduct(
        _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, _ vector: UnsafePointer<Float>,
        to result: UnsafeMutablePointer<Float>
    ) {
        guard rows > 0 && columns > 0 else { return }
        unsafe cblas_sgemv(
            CblasRowMajor, CblasNoTrans, blasint(rows), blasint(columns), 1, matrix, blasint(columns), vector, 1, 1,
            result, 1)
    }

    /// result += matrixᵀ · vector, for a `rows` × `columns` matrix.
    @inline(__always)
    static func addTransposedProduct(
        _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, _ vector: UnsafePointer<Float>,
        to result: UnsafeMutablePointer<Float>
    ) {
        guard rows > 0 && columns > 0 else { return }
        unsafe cblas_sgemv(
            CblasRowMajor, CblasTrans, blasint(rows), blasint(columns), 1, matrix, blasint(columns), vector, 1, 1,
            result, 1)
    }

    /// result = left · rightᵀ, for `rows` × `inner` and `columns` × `inner` matrices whose rows are `stride` apart.
    @inline(__always)
    static func product(
        _ left: UnsafePointer<Float>, rows: Int, inner: Int, _ right: UnsafePointer<Float>, columns: Int,
        rightStride: Int, into result: UnsafeMutablePointer<Float>
    ) {
        guard rows > 0 && columns > 0 && inner > 0 else { return }
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows), blasint(columns), blasint(inner), 1, left,
            blasint(inner), right, blasint(rightStride), 0, result, blasint(columns))
    }

    /// result[r, c] = max(0, matrix[r, c] + vector[c]); `result` may be `matrix`.
    @inline(__always)
    static func addAndRectify(
        _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, _ vector: UnsafePointer<Float>,
        into result: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            let source = unsafe matrix + row * columns
            let target = unsafe result + row * columns
            for column in 0..<columns {
                let sum = unsafe source[column] + vector[column]
                unsafe target[column] = sum > 0 ? sum : 0
            }
        }
    }
}
