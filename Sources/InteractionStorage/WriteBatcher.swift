import Dispatch
import Locking

/// Gathers what many callers append into few transactions (group commit).
///
/// While one group is being committed, whatever arrives waits and makes up the next group. A caller who is alone is written at
/// once and pays for one commit. A group that is smaller than the one before it waits up to `maximumDelay` for the rest of
/// its companions, who have only just been answered and are likely to be back. Every caller is answered after the commit that
/// holds its interactions, in the order of the calls.
public final class WriteBatcher: Sendable {
    /// Receives the outcome of one append, on a queue of the batcher's own.
    public typealias Completion = @Sendable (Result<AppendReceipt, StoreError>) -> Void

    private struct Waiting: Sendable {
        var requests: [AppendRequest] = []
        var completions: [Completion] = []
    }

    private struct State: Sendable {
        var waiting = Waiting()
        /// Interactions accepted and not yet committed, those under way included.
        var queued = 0
        var isWriting = false
        var isDraining = false
        /// The writer wants to be woken when so many requests wait; 0: it is not asleep.
        var awaited = 0
    }

    private let store: any InteractionStore
    private let maximumDelay: DispatchTimeInterval
    private let queueLimit: Int
    private let state = Lock(State())
    private let companions = DispatchSemaphore(value: 0)
    private let writer = DispatchQueue(label: "nectar.storage.batch")
    private let answers = DispatchQueue(label: "nectar.storage.answers")

    /// A batcher that lets at most `queueLimit` interactions wait in front of `store`.
    public init(store: any InteractionStore, maximumDelay: Duration = .zero, queueLimit: Int = 100_000) {
        let (seconds, attoseconds) = maximumDelay.components
        self.store = store
        self.maximumDelay = .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
        self.queueLimit = queueLimit
    }

    /// Interactions accepted and not yet committed.
    public var queuedInteractions: Int { state.withLock { $0.queued } }

    /// Queues an append; `completion` is called exactly once, on a queue of the batcher's own.
    ///
    /// It gets ``StoreError/full`` when the queue has no room, and ``StoreError/unavailable(_:)`` after ``drain()``; neither
    /// waits for anything. A request of more interactions than the queue holds takes all of it, and has room where nothing waits.
    public func append(
        _ interactions: [Interaction], idempotencyKey: String?, companions: UInt64? = nil,
        begunAfter erasures: Int64? = nil,
        completion: @escaping Completion
    ) {
        let refusal: StoreError? = state.withLock { state in
            if state.isDraining { return .unavailable("the store is closing") }
            let places = room(for: interactions)
            if places > queueLimit - state.queued { return .full }
            state.queued += places
            state.waiting.requests.append(
                AppendRequest(
                    interactions: interactions, idempotencyKey: idempotencyKey, companions: companions,
                    begunAfter: erasures))
            state.waiting.completions.append(completion)
            if !state.isWriting {
                state.isWriting = true
                // Within the lock, so that a drain that comes later finds this work in front of it.
                writer.async { self.writeUntilEmpty() }
            } else if state.awaited > 0, state.waiting.requests.count >= state.awaited {
                state.awaited = 0
                self.companions.signal()
            }
            return nil
        }
        if let refusal { answers.async { completion(.failure(refusal)) } }
    }

    /// Appends and waits for the commit; not for event loops, nor from a completion.
    public func append(_ interactions: [Interaction], idempotencyKey: String?) throws(StoreError) -> AppendReceipt {
        let outcome = Lock<Result<AppendReceipt, StoreError>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        append(interactions, idempotencyKey: idempotencyKey) { result in
            outcome.withLock { $0 = result }
            answered.signal()
        }
        answered.wait()
        guard let result = outcome.withLock({ $0 }) else { preconditionFailure("answered without an outcome") }
        return try result.get()
    }

    /// Refuses whatever comes from now on, and returns when all that came before is committed and answered.
    ///
    /// May be called twice, but not from a completion.
    public func drain() {
        state.withLock { state in
            state.isDraining = true
            if state.awaited > 0 {
                state.awaited = 0
                companions.signal()
            }
        }
        writer.sync {}
        answers.sync {}
    }

    /// An empty request takes a place too, or there could be any number of them; none takes more than there are.
    private func room(for interactions: [Interaction]) -> Int { min(max(interactions.count, 1), queueLimit) }

    // MARK: On the writer queue

    private func writeUntilEmpty() {
        var previous = 0
        while let group = nextGroup(after: previous) {
            write(group)
            previous = group.requests.count
        }
    }

    /// All that waits, once companions had their chance to join; nil, and idle from then on, when nothing does.
    private func nextGroup(after previous: Int) -> Waiting? {
        let isAwaiting = state.withLock { state in
            let count = state.waiting.requests.count
            guard count > 0, count < previous, !state.isDraining else { return false }
            state.awaited = previous
            return true
        }
        if isAwaiting, companions.wait(timeout: .now() + maximumDelay) == .timedOut {
            let wasSignalled = state.withLock { state in
                defer { state.awaited = 0 }
                return state.awaited == 0
            }
            // The signal came between the time-out and the lock: take it back, or the next wait would end at once.
            if wasSignalled { companions.wait() }
        }
        return state.withLock { state in
            guard !state.waiting.requests.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting = Waiting() }
            return state.waiting
        }
    }

    private func write(_ group: Waiting) {
        let results: [Result<AppendReceipt, StoreError>]
        do {
            results = try store.append(group: group.requests)
        } catch {
            results = group.requests.map { _ in .failure(error) }
        }
        let places = group.requests.reduce(0) { $0 + room(for: $1.interactions) }
        state.withLock { $0.queued -= places }
        answers.async {
            for (completion, result) in zip(group.completions, results) { completion(result) }
        }
    }
}
