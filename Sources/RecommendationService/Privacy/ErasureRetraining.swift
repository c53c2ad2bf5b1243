import Dispatch
import Locking

/// Has models trained anew until none is left that was trained on somebody who was erased since: the policy `retrain`.
///
/// Whether that is due is read off the models on disk and kept nowhere else. So neither a restart ends it, nor a job that is cancelled,
/// fails, or finds the queue full: it is tried again, the later the oftener that happens.
final class ErasureRetraining: Sendable {
    private struct State {
        /// The number of the watch that goes on: it is for all who were erased before.
        var round = 0
        var delay = firstDelay
    }

    /// Milliseconds after which it is looked for the first time whether it came to anything, and at the most.
    private static let firstDelay = 10_000
    private static let longestDelay = 3_600_000

    /// Calls a function so many milliseconds later.
    typealias Timer = @Sendable (_ milliseconds: Int, _ body: @escaping @Sendable () -> Void) -> Void

    private let retireOutdated: @Sendable () -> Bool
    private let mayStart: @Sendable () -> Bool
    private let start: @Sendable () -> Void
    private let timer: Timer
    private let state = Lock(State())

    /// - Parameters:
    ///   - retireOutdated: Removes such models where a newer one serves; returns whether some are left.
    ///   - mayStart: Whether a training could end that: none waits or runs that will be published, and there is something to train on.
    ///   - start: Queues one.
    init(
        retireOutdated: @escaping @Sendable () -> Bool, mayStart: @escaping @Sendable () -> Bool,
        start: @escaping @Sendable () -> Void, timer: @escaping Timer = ErasureRetraining.inBackground
    ) {
        self.retireOutdated = retireOutdated
        self.mayStart = mayStart
        self.start = start
        self.timer = timer
    }

    private static let inBackground: Timer = { milliseconds, body in
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: body)
    }

    /// Somebody was erased.
    func begin() {
        start()
        watch()
    }

    /// The process has started: what the last one has not come to is begun.
    func resume() {
        guard retireOutdated() else { return }
        if mayStart() { start() }
        watch()
    }

    private func watch() {
        let round = state.withLock { state in
            state.round += 1
            state.delay = Self.firstDelay
            return state.round
        }
        lookLater(round)
    }

    private func lookLater(_ round: Int) {
        timer(state.withLock { $0.delay }) { [weak self] in self?.look(round) }
    }

    private func look(_ round: Int) {
        guard round == state.withLock({ $0.round }) else { return }
        // In this order: a training that ends in between is seen by what it leaves.
        let mayStart = mayStart()
        guard retireOutdated() else { return }
        if mayStart {
            state.withLock { $0.delay = min(2 * $0.delay, Self.longestDelay) }
            start()
        }
        lookLater(round)
    }
}
