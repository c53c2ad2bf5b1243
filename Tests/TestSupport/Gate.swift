import Dispatch

/// A door that the tested code waits at until the test opens it.
public final class Gate: Sendable {
    private let arrivals = DispatchSemaphore(value: 0)
    private let opening = DispatchSemaphore(value: 0)

    /// A closed door with nobody before it.
    public init() {}

    /// For the tested code: says that it is here, and waits.
    public func pass() {
        arrivals.signal()
        opening.wait()
    }

    /// For the test: waits until someone is here; false if nobody comes within 20 seconds.
    @discardableResult
    public func awaitArrival() -> Bool { arrivals.wait(timeout: .now() + .seconds(20)) == .success }

    /// For the test: lets one through.
    public func open() { opening.signal() }
}
