import Locking
import Networking

/// A clock that stands still until a test moves it.
final class ManualClock: MonotonicClock {
    private let instant = Lock(MonotonicInstant(nanoseconds: 0))

    var now: MonotonicInstant { instant.withLock { $0 } }

    func advance(by duration: Duration) {
        instant.withLock { $0 = $0.advanced(by: duration) }
    }
}
