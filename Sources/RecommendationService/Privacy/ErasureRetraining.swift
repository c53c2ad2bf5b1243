import Dispatch
import Locking

/// Has models trained anew until none is left that was trained on somebody who was erased since: the policy `retrain`.
///
/// Whether that is due is read off the models on disk and kept nowhere else. So neither a restart ends it, nor a job that is cancelled,
/// fails, or finds the queue full: it is tried again, the later the oftener that happens.
final class ErasureRetraining: Sendable {
    private struct State {
        var isWatching = false
        var delay: Int
    }

    private static let longestDelay = 3_600_000

    private let milliseconds: Int
    private let isDue: @Sendable () -> Bool
    private let isUnderWay: @Sendable () -> Bool
    private let start: @Sendable () -> Void
    private let state: Lock<State>
    private let queue = DispatchQueue(label: "nectar.erasure.retraining", qos: .utility)

    /// - Parameters:
    ///   - milliseconds: After which it is looked for the first time whether it came to anything.
    ///   - isDue: Whether there are such models.
    ///   - isUnderWay: Whether a training waits or runs that will be published.
    ///   - start: Queues one.
    init(
        after milliseconds: Int = 10_000, isDue: @escaping @Sendable () -> Bool,
        isUnderWay: @escaping @Sendable () -> Bool, start: @escaping @Sendable () -> Void
    ) {
        self.milliseconds = milliseconds
        self.isDue = isDue
        self.isUnderWay = isUnderWay
        self.start = start
        state = Lock(State(delay: milliseconds))
    }

    /// Somebody was erased.
    func begin() {
        start()
        let isFirst = state.withLock { state in
            state.delay = milliseconds
            defer { state.isWatching = true }
            return !state.isWatching
        }
        if isFirst { lookLater() }
    }

    /// The process has started: what the last one has not come to is begun.
    func resume() {
        if isDue() { begin() }
    }

    private func lookLater() {
        let delay = state.withLock { $0.delay }
        queue.asyncAfter(deadline: .now() + .milliseconds(delay)) { [weak self] in self?.look() }
    }

    private func look() {
        // In this order: who is erased from here on begins a watch anew.
        state.withLock { $0.isWatching = false }
        guard isDue() else { return }
        let goesOn = state.withLock { state in
            defer { state.isWatching = true }
            return !state.isWatching
        }
        guard goesOn else { return }
        if !isUnderWay() {
            state.withLock { $0.delay = min(2 * $0.delay, Self.longestDelay) }
            start()
        }
        lookLater()
    }
}
