import COpenBLAS

/// The inverse of a large symmetric positive definite matrix on several threads: Cholesky's factor L, its inverse, and of that
/// the product L⁻ᵀ L⁻¹, each tile by tile (Buttari et al. 2009).
///
/// What is one product of tiles is one task, and a step's tasks touch no tile that another of them writes; so the numbers
/// are the same for any number of threads. O(size³).
@safe
struct TiledInverse {
    let size: Int
    /// Row-major, of which the lower triangle and the diagonal are read, and replaced.
    let elements: AlignedBuffer<Float>
    let loop: ParallelLoop
    /// Rows and columns of a tile.
    var side = 256

    private var tiles: Int { (size + side - 1) / side }

    /// Replaces the lower triangle by that of the inverse.
    ///
    /// - Parameter isCancelled: Asked after each row of tiles.
    /// - Returns: Whether the matrix was positive definite; nil where `isCancelled` said so. In either case it is destroyed.
    func invert(isCancelled: () -> Bool) -> Bool? {
        for step in [decompose, invertFactor, multiplyByTranspose] {
            for k in 0..<tiles {
                guard step(k) else { return false }
                if isCancelled() { return nil }
            }
        }
        return true
    }

    /// Column k of L, and what it leaves of the columns behind.
    private func decompose(_ k: Int) -> Bool {
        guard factorise(k) else { return false }
        let below = tiles - k - 1
        loop.run(tasks: below) { _, task in
            solve(tile(k + 1 + task, k), by: tile(k, k), side: CblasRight, CblasTrans, 1)
        }
        loop.run(tasks: below * (below + 1) / 2) { _, task in
            let (row, column) = Self.pair(task)
            let (i, j) = (k + 1 + row, k + 1 + column)
            if i == j {
                addGram(tile(i, k), CblasNoTrans, scale: -1, to: tile(i, i))
            } else {
                addProduct(tile(i, k), CblasNoTrans, tile(j, k), CblasTrans, scale: -1, to: tile(i, j))
            }
        }
        return true
    }

    /// L⁻¹ of the first k + 1 rows and columns, of which k are done; and what it adds to the rows below.
    private func invertFactor(_ k: Int) -> Bool {
        let below = tiles - k - 1
        loop.run(tasks: below) { _, task in
            solve(tile(k + 1 + task, k), by: tile(k, k), side: CblasRight, CblasNoTrans, -1)
        }
        loop.run(tasks: below * k) { _, task in
            let (i, j) = (k + 1 + task / k, task % k)
            addProduct(tile(i, k), CblasNoTrans, tile(k, j), CblasNoTrans, scale: 1, to: tile(i, j))
        }
        loop.run(tasks: k) { _, j in solve(tile(k, j), by: tile(k, k), side: CblasLeft, CblasNoTrans, 1) }
        return invertTriangle(k)
    }

    /// L⁻ᵀ L⁻¹ of the first k + 1 rows and columns, of which k are done.
    private func multiplyByTranspose(_ k: Int) -> Bool {
        loop.run(tasks: k * (k + 1) / 2) { _, task in
            let (i, j) = Self.pair(task)
            if i == j {
                addGram(tile(k, i), CblasTrans, scale: 1, to: tile(i, i))
            } else {
                addProduct(tile(k, i), CblasTrans, tile(k, j), CblasNoTrans, scale: 1, to: tile(i, j))
            }
        }
        loop.run(tasks: k) { _, j in multiply(tile(k, j), byTransposeOf: tile(k, k)) }
        return multiplyTriangle(k)
    }

    /// The place of the pair with that number among (0, 0), (1, 0), (1, 1), (2, 0) …
    private static func pair(_ number: Int) -> (row: Int, column: Int) {
        var row = 0
        while (row + 1) * (row + 2) / 2 <= number { row += 1 }
        return (row, number - row * (row + 1) / 2)
    }
}

/// What is done with single tiles.
extension TiledInverse {
    private struct Tile {
        var start: Int
        var rows: Int32
        var columns: Int32
    }

    private func tile(_ row: Int, _ column: Int) -> Tile {
        let (top, left) = (row * side, column * side)
        precondition(left <= top && top < size && size * size <= elements.count)
        return Tile(
            start: top * size + left, rows: Int32(min(side, size - top)), columns: Int32(min(side, size - left)))
    }

    private func address(_ tile: Tile) -> UnsafeMutablePointer<Float> { unsafe elements.base + tile.start }

    private var stride: Int32 { Int32(size) }

    /// Replaces a by `scale` · a op(triangle)⁻¹, or from the left.
    private func solve(_ a: Tile, by triangle: Tile, side: CBLAS_SIDE, _ order: CBLAS_TRANSPOSE, _ scale: Float) {
        unsafe cblas_strsm(
            CblasRowMajor, side, CblasLower, order, CblasNonUnit, a.rows, a.columns, scale, address(triangle), stride,
            address(a),
            stride)
    }

    /// Replaces a by triangleᵀ a.
    private func multiply(_ a: Tile, byTransposeOf triangle: Tile) {
        unsafe cblas_strmm(
            CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, a.rows, a.columns, 1, address(triangle),
            stride,
            address(a), stride)
    }

    /// c += `scale` · op(a) op(b).
    private func addProduct(
        _ a: Tile, _ orderOfA: CBLAS_TRANSPOSE, _ b: Tile, _ orderOfB: CBLAS_TRANSPOSE, scale: Float, to c: Tile
    ) {
        let inner = orderOfA == CblasNoTrans ? a.columns : a.rows
        unsafe cblas_sgemm(
            CblasRowMajor, orderOfA, orderOfB, c.rows, c.columns, inner, scale, address(a), stride, address(b), stride,
            1,
            address(c),
            stride)
    }

    /// c += `scale` · op(a) op(a)ᵀ, its lower triangle.
    private func addGram(_ a: Tile, _ order: CBLAS_TRANSPOSE, scale: Float, to c: Tile) {
        let inner = order == CblasNoTrans ? a.columns : a.rows
        unsafe cblas_ssyrk(
            CblasRowMajor, CblasLower, order, c.rows, inner, scale, address(a), stride, 1, address(c), stride)
    }

    // LAPACK goes by columns, where the lower triangle is the upper one.
    private func onDiagonal(
        _ k: Int, _ body: (Tile, inout CChar, inout Int32, inout Int32, inout Int32) -> Void
    ) -> Bool {
        var (triangle, order, leading, status) = (CChar(UInt8(ascii: "U")), tile(k, k).rows, stride, Int32(0))
        body(tile(k, k), &triangle, &order, &leading, &status)
        return status == 0
    }

    private func factorise(_ k: Int) -> Bool {
        onDiagonal(k) { unsafe spotrf_(&$1, &$2, address($0), &$3, &$4, 1) }
    }

    private func invertTriangle(_ k: Int) -> Bool {
        var diagonal = CChar(UInt8(ascii: "N"))
        return onDiagonal(k) { unsafe strtri_(&$1, &diagonal, &$2, address($0), &$3, &$4, 1, 1) }
    }

    private func multiplyTriangle(_ k: Int) -> Bool {
        onDiagonal(k) { unsafe slauum_(&$1, &$2, address($0), &$3, &$4, 1) }
    }
}
