internal import COpenBLAS

/// The matrix products of publication, row-major, on one thread; a request's own are in ``ServingTower`` and the kernels.
enum ServingProducts {
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

    /// result = leftᵀ · rightᵀ, for a left of `inner` rows and `columns` columns and a right of `width` rows.
    static func transposedProduct(
        _ left: UnsafePointer<Float>, columns: Int, inner: Int, _ right: UnsafePointer<Float>, width: Int,
        into result: UnsafeMutablePointer<Float>
    ) {
        guard columns > 0 && inner > 0 && width > 0 else { return }
        unsafe cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasTrans, blasint(columns), blasint(width), blasint(inner), 1, left,
            blasint(columns), right, blasint(inner), 0, result, blasint(width))
    }

    /// Solves matrix · x = `rightSide`, which x replaces; the upper triangle of `matrix` becomes Cholesky's U, Uᵀ U being
    /// the matrix. False where it is not positive definite.
    static func solve(
        size: Int, _ matrix: UnsafeMutablePointer<Float>, rightSide: UnsafeMutablePointer<Float>
    ) -> Bool {
        // The upper triangle by rows is the lower one by columns.
        var triangle = CChar(UInt8(ascii: "L"))
        var (order, columns, status) = (blasint(size), blasint(1), blasint(0))
        var leading = order
        unsafe sposv_(&triangle, &order, &columns, matrix, &leading, rightSide, &leading, &status, 1)
        return status == 0
    }

    /// Replaces each of `count` rows x by x · U⁻¹, U being an upper triangle.
    static func divide(
        rows: UnsafeMutablePointer<Float>, count: Int, size: Int, byUpper upper: UnsafePointer<Float>
    ) {
        guard count > 0 else { return }
        unsafe cblas_strsm(
            CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, blasint(count), blasint(size), 1, upper,
            blasint(size), rows, blasint(size))
    }
}
