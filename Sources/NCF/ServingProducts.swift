internal import COpenBLAS

/// The matrix products of publication, row-major, on one thread; a request's own are in ``ServingTower`` and the kernels.
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
}
