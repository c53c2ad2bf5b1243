/// When a server that could not be reached may be tried again: exponential back-off with jitter.
///
/// Nobody waits for that moment: until then callers are told at once what went wrong the last time. So a database that is away costs
/// its callers nothing, and one that comes back is not met by all of them in one instant.
struct ReconnectionDelay {
    /// The delay after the first failure, and the longest.
    static let shortest = Duration.milliseconds(100)
    static let longest = Duration.seconds(3)

    private var failures = 0
    private var next: ContinuousClock.Instant?
    private var reason = ""

    /// Why no attempt may be made at `now`; nil where one may.
    func refusal(at now: ContinuousClock.Instant) -> String? {
        guard let next, now < next else { return nil }
        return reason
    }

    /// An attempt has failed; the next one may be made between a half and the whole of a delay that doubles each time.
    mutating func failed(
        _ reason: String, at now: ContinuousClock.Instant, using random: inout some RandomNumberGenerator
    ) {
        let doublings = min(failures, 10)
        let delay = min(Self.longest, Self.shortest * (1 << doublings))
        failures += 1
        next = now + delay * Double.random(in: 0.5...1, using: &random)
        self.reason = reason
    }

    /// An attempt has succeeded.
    mutating func succeeded() { self = ReconnectionDelay() }
}
