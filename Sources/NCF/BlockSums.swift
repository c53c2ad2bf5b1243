internal import Dispatch
internal import Locking

/// Sums of figures over users, kept apart by blocks of users so that the users can be drawn again (Efron 1979).
///
/// Up to ``blockLimit`` users are a block each. Of more, those whose numbers in the order of arrival agree modulo the limit
/// share one: drawing blocks then spreads the sums as drawing users does, at a bounded cost in memory and time.
struct BlockSums: Sendable, Equatable {
    /// Blocks, at most.
    static let blockLimit = 10_000

    /// Figures of a user.
    let width: Int
    /// How many users were added.
    private(set) var count = 0
    // By block, row-major.
    private var sums: [Double] = []

    /// No users.
    init(width: Int) {
        self.width = width
    }

    /// Adds a user with these figures.
    mutating func add(_ figures: [Double]) {
        precondition(figures.count == width)
        unsafe figures.withUnsafeBufferPointer { unsafe add($0) }
    }

    /// Adds the users of `other`, in their order; a block of several counts as one here.
    mutating func merge(_ other: BlockSums) {
        precondition(width == other.width)
        unsafe other.sums.withUnsafeBufferPointer { sums in
            for block in 0..<other.blockCount {
                unsafe add(UnsafeBufferPointer(rebasing: sums[block * width..<(block + 1) * width]))
            }
        }
        count += other.count - other.blockCount
    }

    private mutating func add(_ figures: UnsafeBufferPointer<Double>) {
        let block = count % Self.blockLimit
        if count < Self.blockLimit {
            unsafe sums.append(contentsOf: figures)
        } else {
            for k in 0..<width { unsafe sums[block * width + k] += figures[k] }
        }
        count += 1
    }

    private var blockCount: Int { width == 0 ? 0 : sums.count / width }

    /// The sum over all users of each figure, formed block by block.
    var totals: [Double] {
        var totals = [Double](repeating: 0, count: width)
        for block in 0..<blockCount {
            for k in 0..<width { totals[k] += sums[block * width + k] }
        }
        return totals
    }

    /// The totals of `resamples` draws, with replacement, of as many blocks as there are: one row a draw.
    ///
    /// The draws are the same for any figures of as many users, so that two scorers measured on the same users can be
    /// compared draw by draw. O(resamples · blocks · width) on all cores; the same for any number of them.
    func resampled(_ resamples: Int, seed: UInt64) -> [[Double]] {
        let (blocks, width) = (blockCount, width)
        let rows = Lock<[[Double]]>(Array(repeating: [], count: resamples))
        DispatchQueue.concurrentPerform(iterations: resamples) { draw in
            var random = SplitMix64(seed: seed, 9, draw)
            var totals = [Double](repeating: 0, count: width)
            unsafe sums.withUnsafeBufferPointer { sums in
                unsafe totals.withUnsafeMutableBufferPointer { totals in
                    for _ in 0..<blocks {
                        let start = random.below(blocks) * width
                        for k in 0..<width { unsafe totals[k] += sums[start + k] }
                    }
                }
            }
            rows.withLock { [totals] in $0[draw] = totals }
        }
        return rows.withLock { $0 }
    }
}

/// Where a figure would lie if other users had been measured.
public struct ConfidenceInterval: Sendable, Equatable {
    /// The lower end.
    public var low: Double
    /// The upper end.
    public var high: Double
}

extension ConfidenceInterval {
    /// How a figure's interval is found: percentiles of the bootstrap over users.
    public struct Bootstrap: Sendable, Equatable {
        /// Draws.
        public var resamples: Int
        /// Decides the draws.
        public var seed: UInt64
        /// The share of draws within the interval.
        public var confidence: Double

        /// With the customary confidence unless said otherwise.
        public init(resamples: Int = 1000, seed: UInt64, confidence: Double = 0.95) {
            self.resamples = resamples
            self.seed = seed
            self.confidence = confidence
        }
    }

    /// The middle `confidence` of `values`, ends interpolated; nil where fewer than two of them are numbers.
    init?(of values: [Double], confidence: Double) {
        let sorted = values.filter { !$0.isNaN }.sorted()
        guard sorted.count > 1 else { return nil }
        func quantile(_ share: Double) -> Double {
            let place = share * Double(sorted.count - 1)
            let lower = min(sorted.count - 2, Int(place))
            return sorted[lower] + (place - Double(lower)) * (sorted[lower + 1] - sorted[lower])
        }
        low = quantile((1 - confidence) / 2)
        high = quantile((1 + confidence) / 2)
    }
}
