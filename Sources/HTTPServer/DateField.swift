import Glibc
import HTTP
import Networking

/// The fields that every answer carries, made anew once a second, for `Date`.
struct DateField {
    private(set) var common = HTTPCommonFields(date: HTTPDate.format(secondsSince1970: 0))
    /// When the present second of the wall clock ends, by the clock of the loop.
    private var isRightUntil = MonotonicInstant(nanoseconds: .min)

    /// Looks at the wall clock if its next second has begun; `now` is the loop's time.
    ///
    /// Asked in every answer, it costs a comparison. A clock that is set is noticed within a second.
    @inline(__always)
    mutating func refresh(now: MonotonicInstant) {
        if now >= isRightUntil { readClock(now) }
    }

    private mutating func readClock(_ now: MonotonicInstant) {
        var time = timespec()
        unsafe _ = clock_gettime(CLOCK_REALTIME, &time)
        set(second: Int64(time.tv_sec))
        isRightUntil = MonotonicInstant(nanoseconds: now.nanoseconds + 1_000_000_000 - Int64(time.tv_nsec))
    }

    /// Says the given second since 1970.
    mutating func set(second: Int64) {
        common = HTTPCommonFields(date: HTTPDate.format(secondsSince1970: second))
    }
}
