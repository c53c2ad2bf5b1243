import COpenBLAS

/// The matrix product of training, on one thread of BLAS: C = op(A) op(B), row-major, any leading dimensions.
enum Kernels {
    /// Whether a factor is taken as it lies in memory or transposed.
    enum Order {
        case plain
        case transposed

        fileprivate var cblas: CBLAS_TRANSPOSE { self == .plain ? CblasNoTrans : CblasTrans }
    }

    /// One factor: where it lies, the distance between its rows, and how it is taken.
    @unsafe
    struct Factor {
        var base: UnsafePointer<Float>
        var stride: Int
        var order: Order
    }

    /// Keeps OpenBLAS from starting threads of its own: the trainer's threads each call it for their own slice.
    static func useOneThread() {
        openblas_set_num_threads(1)
    }

    /// c (`rows` × `columns`, its rows `stride` apart) = a b, the inner dimension being `inner`.
    static func multiply(
        rows: Int, columns: Int, inner: Int, _ a: Factor, _ b: Factor, into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        unsafe cblas_sgemm(
            CblasRowMajor, a.order.cblas, b.order.cblas, Int32(rows), Int32(columns), Int32(inner), 1, a.base,
            Int32(a.stride), b.base, Int32(b.stride), 0, c, Int32(stride)
        )
    }
}
