import Dispatch
import HTTP
import InteractionStorage
import Locking

/// Writes interactions to the store and tells the memory of recent ones and the counts, in that order.
///
/// Everything that stores interactions goes through here, so that what is acknowledged is durable, and what is durable is
/// known to the next answer.
struct InteractionRecorder: Sendable {
    let batcher: WriteBatcher
    let recent: RecentInteractions
    let activity: ItemActivity
    let metrics: ServiceMetrics
    /// The most interactions that can be stored at once.
    let maximumCount: Int
    let reserve: DiskReserve
    let outcome: WriteOutcome

    /// Throws if `interactions` are more than can be stored at once, however long the caller waits.
    func checkCount(_ interactions: [Interaction]) throws(Problem) {
        guard interactions.count > maximumCount else { return }
        throw Problem(
            .contentTooLarge,
            "One request may hold \(maximumCount) interactions as JSON; POST /interactions takes any number as NDJSON.")
    }

    /// Throws if so much waits to be stored that nothing can join it, or the disk is nearly full.
    func checkRoom() throws(Problem) {
        try reserve.check()
        guard batcher.queuedInteractions < maximumCount else { throw Problem(.full) }
    }

    /// Stores `interactions` in one transaction and calls `completion` after its commit, on another thread.
    ///
    /// - Parameters:
    ///   - companions: What the key stands for besides (``AppendRequest/companions``).
    ///   - begun: The last erasure (``ErasureLedger``) when the request began that brings them.
    func append(
        _ interactions: [Interaction],
        idempotencyKey: String?,
        companions: UInt64? = nil,
        begunAfter begun: Int64,
        completion: @escaping @Sendable (Result<AppendReceipt, StoreError>) -> Void
    ) {
        batcher.append(
            interactions, idempotencyKey: idempotencyKey, companions: companions, begunAfter: begun
        ) { result in
            outcome.note(result)
            metrics.writeAnswered(result)
            if case .success(let receipt) = result { remember(interactions, receipt) }
            completion(result)
        }
    }

    /// Stores `interactions` in one transaction and returns after its commit; not for an event loop.
    func append(
        _ interactions: [Interaction], idempotencyKey: String?, companions: UInt64? = nil, begunAfter begun: Int64
    ) throws(StoreError) -> AppendReceipt {
        let outcome = Lock<Result<AppendReceipt, StoreError>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        // By way of the completion, so that the memory hears of all commits in their order.
        append(interactions, idempotencyKey: idempotencyKey, companions: companions, begunAfter: begun) { result in
            outcome.withLock { $0 = result }
            answered.signal()
        }
        answered.wait()
        guard let result = outcome.withLock({ $0 }) else { preconditionFailure("answered without an outcome") }
        return try result.get()
    }

    private func remember(_ interactions: [Interaction], _ receipt: AppendReceipt) {
        guard receipt.stored > 0 else { return }
        let stored = stored(of: interactions, receipt)
        activity.append(stored, watermark: receipt.watermark)
        guard recent.append(stored, watermark: receipt.watermark) else { return }
        metrics.interactionsStored(stored)
    }

    /// Removes the interaction of that name from `store`; false when there is none. Blocks on I/O.
    func delete(id: String, from store: any InteractionStore) throws(StoreError) -> Bool {
        let deleted = try activity.removing(
            { () throws(StoreError) in try store.deleteInteraction(id: id) },
            { deleted in deleted.map { [RemovedInteraction($0)] } ?? [] })
        if let deleted { recent.forget(row: deleted.rowID) }
        return deleted != nil
    }

    /// The interactions without those that were left out.
    private func stored(of interactions: [Interaction], _ receipt: AppendReceipt) -> [Interaction] {
        var leftOut = receipt.leftOutPositions[...]
        guard !leftOut.isEmpty else { return interactions }
        return interactions.indices.compactMap { position in
            guard leftOut.first == position else { return interactions[position] }
            leftOut.removeFirst()
            return nil
        }
    }
}
