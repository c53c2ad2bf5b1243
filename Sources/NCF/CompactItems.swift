internal import CKernels

/// The item embeddings of a model without a tower in whole numbers from −127 to 127, from which a request computes not a
/// score but a bound that the score cannot pass; only where the bound reaches the K-th is the score itself computed.
///
/// Answers are the same, bit for bit, for the bound holds for the kernels' own score, rounding included. By Cauchy and
/// Schwarz u · q ≤ u · q̂ + ‖u‖ ‖q − q̂‖, q̂ being the coded row: so each row keeps the length of what coding took from it.
/// A quarter of the memory of the embeddings, beside them.
struct CompactItems: Sendable {
    /// Elements of a row of codes.
    let width: Int
    private let codes: FrozenArray<Int8>
    /// What the codes of a row count in.
    private let scales: FrozenArray<Float>
    /// ‖q − q̂‖ of each row, and what rounding may add for a vector of length 1.
    private let radii: FrozenArray<Float>
    /// The greatest bias, regardless of sign.
    private let greatestBias: Float

    /// O(I · d).
    init(_ model: ScoringModel) {
        let (items, own) = (model.itemCount, model.gmfWidth)
        let width = ServingKernels.padded(own)
        self.width = width
        var codes = [Int8](repeating: 0, count: items * width)
        var scales: [Float] = []
        var radii: [Float] = []
        scales.reserveCapacity(items)
        radii.reserveCapacity(items)
        unsafe model.itemGMF.withUnsafeBufferPointer { rows in
            unsafe codes.withUnsafeMutableBufferPointer { codes in
                for item in 0..<items {
                    let row = unsafe UnsafeBufferPointer(rebasing: rows[item * own..<(item + 1) * own])
                    let place = item * width..<(item + 1) * width
                    let coded = unsafe Self.code(row, into: UnsafeMutableBufferPointer(rebasing: codes[place]))
                    scales.append(coded.scale)
                    radii.append(coded.radius)
                }
            }
        }
        self.codes = FrozenArray(codes)
        self.scales = FrozenArray(scales)
        self.radii = FrozenArray(radii)
        greatestBias = model.itemBias.reduce(0) { max($0, abs($1)) }
    }

    /// Codes one row; a row that is not finite, or whose numbers are too small or too great to be counted, gets no bound.
    private static func code(
        _ row: UnsafeBufferPointer<Float>, into codes: UnsafeMutableBufferPointer<Int8>
    ) -> (scale: Float, radius: Float) {
        let greatest = unsafe row.reduce(0) { $1.isFinite ? max($0, abs($1)) : .infinity }
        guard greatest > 0 else { return (0, 0) }
        let scale = greatest / 127
        guard scale.isNormal, greatest < 1e18 else { return (0, .infinity) }
        var (lost, length): (Double, Double) = (0, 0)
        for k in row.indices {
            let code = unsafe (row[k] / scale).rounded()
            unsafe codes[k] = Int8(max(-127, min(127, code)))
            let coded = unsafe Double(scale) * Double(codes[k])
            let value = unsafe Double(row[k])
            lost += (value - coded) * (value - coded)
            length = max(length, abs(value), abs(coded))
        }
        // Two sums of n products, each at most so long, are rounded n + 8 times at most.
        let count = Double(row.count)
        let rounding = 2 * (count + 8) * Double(Float.ulpOfOne) * length * count.squareRoot()
        return (scale, Float((lost.squareRoot() + rounding) * (1 + 1e-6)))
    }

    /// What bounds the scores of a user: how far its vector reaches, and its constant with what rounding may add to the
    /// sums; nil where its vector has no length that a bound could be computed from.
    @unsafe
    func bounds(of user: PreparedUser) -> (reach: Float, constant: Float)? {
        var square = 0.0
        for k in 0..<width { unsafe square += Double(user.weighted[k]) * Double(user.weighted[k]) }
        let reach = Float(square.squareRoot() * (1 + 1e-6))
        let constant = unsafe user.constant
        let rounding =
            8 * Float.ulpOfOne * (greatestBias + abs(constant)) + Float(width) * Float.leastNormalMagnitude
        // A reach of 0 would say nothing of a row without bound: 0 · ∞.
        guard reach > 0, reach < 1e18, (constant + rounding).isFinite else { return nil }
        return (reach, constant + rounding)
    }

    /// Runs `body` on the rows `items`.
    @unsafe @inline(__always)
    func withRows(_ items: Range<Int>, bias: UnsafePointer<Float>, _ body: (nectar_coded_rows) -> Void) {
        unsafe codes.withUnsafeBufferPointer { codes in
            unsafe scales.withUnsafeBufferPointer { scales in
                unsafe radii.withUnsafeBufferPointer { radii in
                    guard let codes = codes.baseAddress, let scales = scales.baseAddress,
                        let radii = radii.baseAddress
                    else { return }
                    let first = items.lowerBound
                    unsafe body(
                        nectar_coded_rows(
                            count: Int32(items.count), n: Int32(width), codes: codes + first * width,
                            scales: scales + first, radii: radii + first, bias: bias + first))
                }
            }
        }
    }
}
