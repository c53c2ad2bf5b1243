/// Counts of durations in buckets whose width grows with what they hold: every value is kept within 1/128, below 0.8 %,
/// whatever its size, in memory that does not grow.
///
/// The idea is that of HdrHistogram (https://hdrhistogram.org): 128 equal buckets for each power of two.
struct LatencyHistogram {
    private static let bits = 7
    private var counts = [UInt64](repeating: 0, count: (65 - LatencyHistogram.bits) << LatencyHistogram.bits)

    /// How many durations were recorded.
    private(set) var count: UInt64 = 0
    /// The longest, exactly.
    private(set) var longest: UInt64 = 0
    private var sum: Double = 0

    /// Adds a duration in nanoseconds.
    mutating func record(_ nanoseconds: UInt64) {
        counts[Self.bucket(of: nanoseconds)] += 1
        count += 1
        longest = max(longest, nanoseconds)
        sum += Double(nanoseconds)
    }

    /// The mean in nanoseconds, exactly; 0 without any.
    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The duration that `fraction` (0...1) of all do not exceed, in nanoseconds, at most 1/128 too long; 0 without any.
    func quantile(_ fraction: Double) -> UInt64 {
        let wanted = max(1, UInt64((fraction * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for index in counts.indices {
            seen += counts[index]
            if seen >= wanted { return min(Self.upperBound(of: index), longest) }
        }
        return longest
    }

    // Values below 128 have a bucket each; above, the seven bits after the leading one say which of the 128.
    private static func bucket(of value: UInt64) -> Int {
        let exponent = max(0, UInt64.bitWidth - 1 - value.leadingZeroBitCount - bits)
        return exponent << bits + Int(value >> UInt64(exponent))
    }

    private static func upperBound(of index: Int) -> UInt64 {
        guard index >= 2 << bits else { return UInt64(index) }
        let exponent = index >> bits - 1
        return (UInt64(index - exponent << bits) + 1) << UInt64(exponent) - 1
    }
}
