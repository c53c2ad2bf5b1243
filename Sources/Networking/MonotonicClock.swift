import Glibc

/// A point on the line that deadlines are measured on: nanoseconds since some fixed start, never going back.
public struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the clock's start.
    public var nanoseconds: Int64

    /// The point `nanoseconds` after the clock's start.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than any deadline that is ever set.
    public static let distantFuture = MonotonicInstant(nanoseconds: .max)

    /// The point `duration` later; saturates at ``distantFuture``.
    public func advanced(by duration: Duration) -> MonotonicInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return overflow ? .distantFuture : MonotonicInstant(nanoseconds: sum)
    }

    /// How long it is from `earlier` to here.
    public func duration(since earlier: MonotonicInstant) -> Duration {
        .nanoseconds(nanoseconds - earlier.nanoseconds)
    }

    /// Whether the first comes before the second.
    public static func < (first: MonotonicInstant, second: MonotonicInstant) -> Bool {
        first.nanoseconds < second.nanoseconds
    }
}

/// What tells an event loop the time: the system's monotonic clock, or one that a test moves by hand.
public protocol MonotonicClock: Sendable {
    /// The present. Any thread may ask.
    var now: MonotonicInstant { get }
}

/// `CLOCK_MONOTONIC`, answered by the vDSO without entering the kernel.
public struct SystemMonotonicClock: MonotonicClock {
    /// The clock; it has no settings.
    public init() {}

    /// The present.
    public var now: MonotonicInstant {
        var time = timespec()
        unsafe _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

extension Duration {
    /// The duration in whole nanoseconds, saturating at about 292 years.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
