import Glibc

/// The time of day, passed in so that tests can set it.
public struct WallClock: Sendable {
    /// Milliseconds since 1970 (UTC).
    public var milliseconds: @Sendable () -> Int64

    /// A clock that tells what `milliseconds` tells.
    public init(milliseconds: @escaping @Sendable () -> Int64) {
        self.milliseconds = milliseconds
    }

    /// The machine's clock.
    public static let system = WallClock {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
