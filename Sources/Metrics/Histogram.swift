internal import Synchronization

/// How often a measurement fell into each of a few ranges. Any thread may call; nothing allocates or locks.
///
/// A reading during observations may miss some, but its count is always the sum of its buckets.
@safe
public final class Histogram: Sendable {
    /// Durations in seconds from half a millisecond to ten seconds.
    public static let secondsBuckets: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// The inclusive upper bounds, rising and finite; what is above the last goes into `+Inf`.
    public let buckets: [Double]
    // One counter a bucket and one for +Inf; allocated in init, freed in deinit, reached only by atomic operations.
    private nonisolated(unsafe) let counters: UnsafeMutablePointer<Atomic<UInt64>>
    private let sumBits = Atomic<UInt64>(Double(0).bitPattern)

    init(buckets: [Double]) {
        self.buckets = buckets
        unsafe counters = .allocate(capacity: buckets.count + 1)
        for index in 0...buckets.count { unsafe (counters + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe counters.deinitialize(count: buckets.count + 1)
        unsafe counters.deallocate()
    }

    /// Counts `measurement`. One that is not a number is left out: it would spoil the sum for ever.
    public func observe(_ measurement: Double) {
        guard !measurement.isNaN else { return }
        var bucket = 0
        while bucket < buckets.count, buckets[bucket] < measurement { bucket += 1 }
        unsafe counters[bucket].wrappingAdd(1, ordering: .relaxed)
        sumBits.addDouble(measurement)
    }

    /// The sum of all measurements.
    public var sum: Double { Double(bitPattern: sumBits.load(ordering: .relaxed)) }

    /// How many measurements there were.
    public var count: UInt64 { cumulativeCounts.last ?? 0 }

    /// For each bucket how many measurements were at or below its bound, then for `+Inf`: all of them.
    public var cumulativeCounts: [UInt64] {
        var total: UInt64 = 0
        return (0...buckets.count).map { index in
            total &+= unsafe counters[index].load(ordering: .relaxed)
            return total
        }
    }
}
