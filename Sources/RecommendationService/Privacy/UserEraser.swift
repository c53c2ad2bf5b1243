import Dispatch
import InteractionStorage
import Locking
import Logging
import NCF

/// Erases people: at once from the record, from memory and from every answer, soon after from the files of the models.
///
/// The record is the first to know, in one transaction that also leaves a tombstone; what comes after can be done again, and is
/// at the next start if this process ends before (``finishPending()``). A model's files are written anew in the background,
/// once for all who were erased meanwhile, and again until it succeeds.
final class UserEraser: Sendable {
    /// What an erasure is answered with.
    struct Outcome: Sendable {
        var receipt: ErasureReceipt
        /// The models that were trained on what the user did, newest first.
        var versions: [Int]
    }

    private struct Cleaning {
        var isScheduled = false
        var isRetryAwaited = false
    }

    /// After a failure, such as a full disk, it is tried again after so many seconds, until it succeeds.
    private static let retrySeconds = 10

    private let store: any InteractionStore
    private let models: ModelStore
    private let recent: RecentInteractions
    private let activity: ItemActivity
    private let newcomers: Newcomers
    private let ledger: ErasureLedger
    private let emptier: LogEmptier
    private let logger: Logger
    private let clock: WallClock
    /// Told of a user who is no longer to be named by anything in memory.
    private let forget: @Sendable (String) -> Void
    /// Has a model trained without those who were erased; nil where the policy is not to.
    private let retraining: ErasureRetraining?
    private let cleaning = Lock(Cleaning())
    private let queue = DispatchQueue(label: "nectar.erasure", qos: .utility)

    init(
        store: any InteractionStore, models: ModelStore, recent: RecentInteractions, activity: ItemActivity,
        newcomers: Newcomers, ledger: ErasureLedger, emptier: LogEmptier,
        retraining: ErasureRetraining?, logger: Logger, clock: WallClock, forget: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.models = models
        self.recent = recent
        self.activity = activity
        self.newcomers = newcomers
        self.ledger = ledger
        self.emptier = emptier
        self.logger = logger
        self.clock = clock
        self.forget = forget
        self.retraining = retraining
    }

    /// Erases one user; returns when no answer rests on them any more. Blocks on I/O.
    func erase(_ id: String) throws(StoreError) -> Outcome {
        // Models that stayed where the store was lost or replaced may have seen more erasures than it has.
        let seen = models.versions().map(\.lineage.erasures).max() ?? 0
        let receipt = try activity.removing(
            { () throws(StoreError) in try store.eraseUser(id, at: clock.milliseconds(), beyond: seen) }, \.removed)
        ledger.advance(to: receipt.sequence)
        if receipt.leavesTraces { emptier.tryAgainLater() }
        recent.forget(userID: id, upTo: receipt.watermark)
        newcomers.forget(userID: id)
        forget(id)
        let versions = versions(trainedSince: receipt.firstRowID)
        models.hide(userID: id, erasure: receipt.sequence)
        scheduleCleaning()
        return Outcome(receipt: receipt, versions: versions)
    }

    /// Ends what the last process has left undone, before anybody is answered.
    func finishPending() throws(StoreError) {
        ledger.advance(to: try store.tombstones(after: .max).last)
        guard try !store.pendingErasures().isEmpty else { return }
        clean()
        // Where that failed nobody may be answered for all the same.
        let pending = try store.pendingErasures()
        if !pending.isEmpty { models.hideUsers { pending.stone(of: $0)?.sequence } }
    }

    /// Queues the training that the last process has left undone, from when jobs may be queued.
    func resumeRetraining() { retraining?.resume() }

    /// Takes whoever is pending out of the models' files, if that has failed before.
    func retry() {
        queue.async { [self] in
            cleaning.withLock { $0.isRetryAwaited = false }
            clean()
        }
    }

    /// Waits for the models' files; whatever is left undone is done at the next start.
    func drain() {
        queue.sync {}
    }

    private func versions(trainedSince row: Int64?) -> [Int] {
        guard let row else { return [] }
        return models.versions().filter { $0.lineage.dataWatermark >= row }.map(\.version)
    }

    private func scheduleCleaning() {
        let isFirst = cleaning.withLock { cleaning in
            defer { cleaning.isScheduled = true }
            return !cleaning.isScheduled
        }
        guard isFirst else { return }
        queue.async { [self] in
            cleaning.withLock { $0.isScheduled = false }
            clean()
            retraining?.begin()
        }
    }

    /// Takes whoever is pending out of the models' files.
    private func clean() {
        do {
            let pending = try store.pendingErasures()
            guard !pending.isEmpty else { return }
            let versions = try models.removeUsers { pending.stone(of: $0)?.sequence }
            try store.completeErasures(upTo: pending.last)
            logger.notice(
                "Erased users were taken out of the models' files.",
                metadata: [
                    "erasures": "\(pending.count)",
                    "models": "\(versions.map(ModelVersion.name).joined(separator: " "))",
                ])
        } catch {
            logger.error("The models' files could not be cleaned of erased users yet: \(error)")
            awaitRetry()
        }
    }

    private func awaitRetry() {
        let isFirst = cleaning.withLock { cleaning in
            defer { cleaning.isRetryAwaited = true }
            return !cleaning.isRetryAwaited
        }
        guard isFirst else { return }
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .seconds(Self.retrySeconds)) { [weak self] in
            self?.retry()
        }
    }
}
