import Locking

/// Where the process stands between its start and its end, as probes are told.
final class Lifecycle: Sendable {
    enum Phase: Sendable {
        case starting, serving, draining
    }

    /// What is said before all that is served is there.
    static let startingReason = "The server is starting."

    private let phase = Lock(Phase.starting)

    /// Enters another phase.
    func enter(_ next: Phase) {
        phase.withLock { $0 = next }
    }

    /// Why requests should go elsewhere; nil while serving.
    var reasonNotReady: String? {
        switch phase.withLock({ $0 }) {
        case .starting: Self.startingReason
        case .serving: nil
        case .draining: "The server is shutting down."
        }
    }
}
