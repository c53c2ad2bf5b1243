import Dispatch
import InteractionStorage
import Locking
import Logging

/// Has the store leave nothing in its log of what was removed, as soon as nobody reads that any more.
///
/// A reader sees the record as of its beginning, for as long as it takes: what was removed since lies in the log until then, and the
/// store waits for nobody. So it is tried every second until it has worked.
final class LogEmptier: Sendable {
    private static let interval = DispatchTimeInterval.seconds(1)

    private struct State: Sendable {
        var isAwaited = false
        /// Whether it has been told that it fails; once is enough, however long that lasts.
        var isTold = false
        var hasEnded = false
    }

    private let store: any InteractionStore
    private let logger: Logger
    private let state = Lock(State())
    private let queue = DispatchQueue(label: "nectar.log", qos: .utility)

    init(store: any InteractionStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Whether it is still to be tried again.
    var isAwaited: Bool { state.withLock { $0.isAwaited } }

    /// Empties the log now, or has it tried again; blocks on I/O.
    func empty() {
        do {
            if try !store.flush() { tryAgainLater() }
            state.withLock { $0.isTold = false }
        } catch {
            tellOnce(error)
            tryAgainLater()
        }
    }

    /// The log could not be emptied just now.
    func tryAgainLater() {
        let isFirst = state.withLock { state in
            defer { state.isAwaited = true }
            return !state.isAwaited && !state.hasEnded
        }
        guard isFirst else { return }
        queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in self?.tryAgain() }
    }

    /// What is tried again after a while, at once.
    func retry() { queue.sync { tryAgain() } }

    /// Nothing is tried any more; what is left is at the next start.
    func end() {
        state.withLock { $0.hasEnded = true }
        queue.sync {}
    }

    private func tellOnce(_ error: StoreError) {
        let isNews = state.withLock { state in
            defer { state.isTold = true }
            return !state.isTold
        }
        if isNews { logger.error("The store's log could not be emptied of what was removed yet: \(error)") }
    }

    private func tryAgain() {
        let isWanted = state.withLock { state in
            defer { state.isAwaited = false }
            return state.isAwaited && !state.hasEnded
        }
        if isWanted { empty() }
    }
}
