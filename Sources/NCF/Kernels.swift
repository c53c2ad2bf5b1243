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

    private static let isOnOneThread: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// Keeps OpenBLAS from using threads of its own, for good: those of the engine, and of requests, each call it for their own part,
    /// and what it computes depends on how many there are. Whoever calls it passes here, or makes a ``ParallelLoop``, before.
    static func useOneThread() {
        precondition(isOnOneThread)
    }

    /// c (`rows` × `columns`, its rows `stride` apart) = a b, the inner dimension being `inner`; or c += a b.
    static func multiply(
        rows: Int, columns: Int, inner: Int, _ a: Factor, _ b: Factor, into c: UnsafeMutablePointer<Float>, stride: Int,
        isAdded: Bool = false
    ) {
        unsafe cblas_sgemm(
            CblasRowMajor, a.order.cblas, b.order.cblas, Int32(rows), Int32(columns), Int32(inner), 1, a.base,
            Int32(a.stride), b.base, Int32(b.stride), isAdded ? 1 : 0, c, Int32(stride)
        )
    }
}

extension Kernels {
    /// Columns up to which a matrix of products stays in the second cache, where rows are added as they lie.
    private static let smallGram = 256
    /// Unknowns up to which the decomposition without blocks is the faster one.
    private static let smallSystem = 128

    /// c (`columns` × `columns`, upper triangle; what is below it counts nothing) += aᵀ a for the `rows` × `columns` matrix a.
    static func addGram(rows: Int, columns: Int, of a: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>) {
        guard columns > smallGram else {
            return unsafe ServingKernels.best.addGram(of: a, count: rows, width: columns, to: c)
        }
        unsafe cblas_ssyrk(
            CblasRowMajor, CblasUpper, CblasTrans, Int32(columns), Int32(rows), 1, a, Int32(columns), 1, c,
            Int32(columns))
    }

    /// c (`rows` × `rows`, upper triangle) += a aᵀ for the `rows` × `columns` matrix a.
    static func addProducts(
        rows: Int, columns: Int, of a: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>
    ) {
        unsafe cblas_ssyrk(
            CblasRowMajor, CblasUpper, CblasNoTrans, Int32(rows), Int32(columns), 1, a, Int32(columns), 1, c,
            Int32(rows))
    }

    /// y += aᵀ `weights` for the `rows` × `columns` matrix a.
    static func addSum(
        rows: Int, columns: Int, of a: UnsafePointer<Float>, weights: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>
    ) {
        unsafe cblas_sgemv(
            CblasRowMajor, CblasTrans, Int32(rows), Int32(columns), 1, a, Int32(columns), weights, 1, 1, y, 1)
    }

    /// a · b.
    static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        unsafe cblas_sdot(Int32(count), a, 1, b, 1)
    }

    /// The eigenvalues of a symmetric matrix given by its upper triangle, ascending; its eigenvectors replace its rows.
    ///
    /// - Returns: Whether they were found.
    static func diagonalise(
        size: Int, matrix: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
    ) -> Bool {
        // The upper triangle by rows is the lower one by columns.
        var (job, triangle) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")))
        var (order, status) = (Int32(size), Int32(0))
        var leading = order
        // As much as LAPACK's documentation asks of divide and conquer with vectors.
        var (workSize, indexSize) = (Int32(1 + 6 * size + 2 * size * size), Int32(3 + 5 * size))
        let work = AlignedBuffer<Float>(count: Int(workSize), repeating: 0)
        let indices = AlignedBuffer<Int32>(count: Int(indexSize), repeating: 0)
        unsafe ssyevd_(
            &job, &triangle, &order, matrix, &leading, values, work.base, &workSize, indices.base, &indexSize, &status,
            1, 1)
        return status == 0
    }

    /// Solves a x = b for a symmetric positive definite a given by its upper triangle; x replaces b, and a is destroyed.
    ///
    /// - Parameter count: How many right sides there are, one after the other.
    /// - Returns: Whether a was positive definite.
    static func solve(
        size: Int, matrix: UnsafeMutablePointer<Float>, rightSide: UnsafeMutablePointer<Float>, count: Int = 1
    ) -> Bool {
        if size <= smallSystem, count == 1 {
            return unsafe ServingKernels.best.solve(size: size, matrix, rightSide: rightSide)
        }
        // The upper triangle by rows is the lower one by columns.
        var triangle = CChar(UInt8(ascii: "L"))
        var (order, columns, status) = (Int32(size), Int32(count), Int32(0))
        var leading = order
        unsafe sposv_(&triangle, &order, &columns, matrix, &leading, rightSide, &leading, &status, 1)
        return status == 0
    }
}
