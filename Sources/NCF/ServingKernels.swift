internal import CKernels

/// Serving's products, compiled for one instruction set.
///
/// Every result of a row depends on that row and the vector alone, bit for bit; between instruction sets they differ by
/// rounding. Vectors that all rows share are padded with zeros: ``padded(_:)``.
@safe
struct ServingKernels: Sendable {
    // A constant of the program.
    private nonisolated(unsafe) let table: UnsafePointer<nectar_serving_kernels>

    /// The best that this machine can run.
    static let best = unsafe ServingKernels(table: nectar_serving_kernels_of_this_machine())

    /// All that this machine can run, from the compiler's own instruction set on.
    static let available: [ServingKernels] = (0..<3).compactMap { set in
        unsafe nectar_serving_kernels_for(set).map { unsafe ServingKernels(table: $0) }
    }

    @unsafe
    private init(table: UnsafePointer<nectar_serving_kernels>) {
        unsafe self.table = unsafe table
    }

    /// `count` elements with the padding that kernels may read.
    static func padded(_ count: Int) -> Int {
        (count + Int(NECTAR_PADDING) - 1) / Int(NECTAR_PADDING) * Int(NECTAR_PADDING)
    }

    /// How many users ``score(_:users:stride:constants:in:into:stride:)`` takes.
    static let usersTogether = Int(NECTAR_USERS_TOGETHER)

    /// What rows to multiply: `count` rows of `width` elements, and a bias to each.
    @unsafe
    struct Rows {
        var count: Int
        var width: Int
        var base: UnsafePointer<Float>
        var bias: UnsafePointer<Float>
    }

    /// scores[i] = (bias[i] + `constant`) + row i · `vector`.
    @inline(__always)
    func score(
        _ rows: Rows, by vector: UnsafePointer<Float>, constant: Float, into scores: UnsafeMutablePointer<Float>
    ) {
        unsafe table.pointee.score(
            Int32(rows.count), Int32(rows.width), rows.base, vector, rows.bias, constant, scores)
    }

    /// The same for ``usersTogether`` vectors, `stride` apart, each with its constant; their scores are `scoreStride` apart.
    @inline(__always)
    func score(
        _ rows: Rows, byUsers vectors: UnsafePointer<Float>, stride: Int, constants: UnsafePointer<Float>,
        into scores: UnsafeMutablePointer<Float>, scoreStride: Int
    ) {
        unsafe table.pointee.score_users(
            Int32(rows.count), Int32(rows.width), rows.base, vectors, Int64(stride), rows.bias, constants, scores,
            Int64(scoreStride))
    }

    /// bounds[i] = (bias[i] + `constant`) + scales[i] · codes i · `vector` + `reach` · radii[i].
    @inline(__always)
    func bound(
        _ rows: nectar_coded_rows, by vector: UnsafePointer<Float>, reach: Float, constant: Float,
        into bounds: UnsafeMutablePointer<Float>
    ) {
        unsafe withUnsafePointer(to: rows) { unsafe table.pointee.bound($0, vector, reach, constant, bounds) }
    }

    /// cosines[i] = `own` · row i / (`norm` · √(Σ_k weights[k] row[i][k]²)), −infinity for a row of no length.
    @inline(__always)
    func cosines(
        of rows: Rows, with own: UnsafePointer<Float>, weights: UnsafePointer<Float>, norm: Float,
        into cosines: UnsafeMutablePointer<Float>
    ) {
        unsafe table.pointee.cosines(Int32(rows.count), Int32(rows.width), rows.base, own, weights, norm, cosines)
    }

    /// Sets the bits of the scores that are at least `least` and not hidden; whether there are any. Whole words of `scores`
    /// are read.
    @inline(__always)
    func reaching(
        _ least: Float, count: Int, _ scores: UnsafePointer<Float>, hidden: UnsafePointer<UInt64>,
        found: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        unsafe table.pointee.reaching(Int32(count), scores, least, hidden, found) != 0
    }

    /// Adds what the tower says of `count` items to their scores.
    @inline(__always)
    func add(
        _ tower: UnsafePointer<nectar_serving_tower>, count: Int, halves: UnsafePointer<Float>,
        shift: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, to scores: UnsafeMutablePointer<Float>
    ) {
        unsafe table.pointee.add_tower(tower, Int32(count), halves, shift, scratch, scores)
    }

    /// The same, and gradients[k · `count` + i] = ∂score i / ∂(half k of item i).
    func add(
        _ tower: UnsafePointer<nectar_serving_tower>, count: Int, halves: UnsafePointer<Float>,
        shift: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, to scores: UnsafeMutablePointer<Float>,
        gradients: UnsafeMutablePointer<Float>
    ) {
        unsafe table.pointee.add_tower_with_gradients(tower, Int32(count), halves, shift, scratch, scores, gradients)
    }

    /// out = `bias` + `user` · `weights`, which are `inputs` × `outputs`.
    func userHalf(
        inputs: Int, outputs: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        user: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        unsafe table.pointee.user_half(Int32(inputs), Int32(outputs), weights, bias, user, out)
    }

    /// The upper triangle of `matrix` (`width` × `width`) += Σ x xᵀ over `count` rows x; what is below it is anything then.
    func addGram(
        of rows: UnsafePointer<Float>, count: Int, width: Int, to matrix: UnsafeMutablePointer<Float>
    ) {
        unsafe table.pointee.add_gram(Int32(count), Int32(width), rows, matrix)
    }

    /// Solves matrix · x = `rightSide`, which x replaces, by the matrix's upper triangle; the whole matrix is anything then.
    ///
    /// - Returns: Whether it was positive definite.
    func solve(
        size: Int, _ matrix: UnsafeMutablePointer<Float>, rightSide: UnsafeMutablePointer<Float>
    ) -> Bool {
        unsafe table.pointee.solve(Int32(size), matrix, rightSide) != 0
    }
}
