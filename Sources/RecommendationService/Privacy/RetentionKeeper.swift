import Dispatch
import Glibc
import InteractionStorage
import Logging
import NCF
import Synchronization

/// Removes from the record what is older than the settings allow: once when the server has started, and every hour from then on.
///
/// What is removed goes in steps of ``stepLimit`` rows, each a transaction of its own and followed by a pause as long as it took, so
/// that whoever writes waits for one step at most, and has half of the time. Each step's rows leave the memory of recent interactions and the counts as well. Models that were trained on them stay, and are named in the log:
/// the next training is without them.
final class RetentionKeeper: Sendable {
    /// Rows that one transaction removes at most.
    static let stepLimit = 500
    /// The longest pause after a step, in microseconds.
    private static let longestPause: UInt64 = 200_000
    /// How often the record is walked.
    private static let interval = DispatchTimeInterval.seconds(3600)

    private let store: any InteractionStore
    private let models: ModelStore
    private let recent: RecentInteractions
    private let activity: ItemActivity
    private let emptier: LogEmptier
    private let retention: Retention
    private let metrics: ServiceMetrics
    private let logger: Logger
    private let clock: WallClock
    private let isEnding = Atomic(false)
    private let queue = DispatchQueue(label: "nectar.retention", qos: .utility)

    init(
        store: any InteractionStore, models: ModelStore, recent: RecentInteractions, activity: ItemActivity,
        emptier: LogEmptier, retention: Retention, metrics: ServiceMetrics, logger: Logger, clock: WallClock
    ) {
        self.store = store
        self.models = models
        self.recent = recent
        self.activity = activity
        self.emptier = emptier
        self.retention = retention
        self.metrics = metrics
        self.logger = logger
        self.clock = clock
    }

    /// Walks the record in the background, and again every hour; does nothing where everything is kept.
    func begin() {
        guard !retention.keepsEverything else { return }
        queue.async { [weak self] in self?.sweepAndWait() }
    }

    /// Returns when the walk that is under way, or was about to begin, has ended.
    func drain() { queue.sync {} }

    /// Ends after the step that is under way.
    func end() {
        isEnding.store(true, ordering: .relaxed)
        queue.sync {}
    }

    private func sweepAndWait() {
        sweep()
        guard !isEnding.load(ordering: .relaxed) else { return }
        queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in self?.sweepAndWait() }
    }

    /// Walks the record from its beginning; what was removed stays so if a later step fails.
    func sweep() {
        let rule = retention.rule(at: clock.milliseconds())
        guard !rule.keepsEverything else { return }
        var (cursor, removed, first): (Int64, Int, Int64?) = (0, 0, nil)
        do {
            while !isEnding.load(ordering: .relaxed) {
                let started = DispatchTime.now().uptimeNanoseconds
                let step = try activity.removing(
                    { [cursor] () throws(StoreError) in
                        try store.removeExpired(rule, after: cursor, limit: Self.stepLimit)
                    }, \.removed)
                recent.forget(rows: step.removed.map(\.rowID))
                metrics.interactionsExpired(step.removed.count)
                removed += step.removed.count
                first = first ?? step.removed.first?.rowID
                guard let next = step.cursor else { break }
                cursor = next
                if !step.removed.isEmpty { pause(since: started) }
            }
            // Or what was removed would stay in the write-ahead log until it is written over.
            if removed > 0 { emptier.empty() }
        } catch {
            logger.error("Interactions that are too old could not all be removed: \(error)")
        }
        if let first { tell(removed, from: first) }
    }

    /// Not on a loop nor a thread that others wait for.
    private func pause(since started: UInt64) {
        let taken = (DispatchTime.now().uptimeNanoseconds - started) / 1000
        usleep(UInt32(min(taken, Self.longestPause)))
    }

    private func tell(_ removed: Int, from first: Int64) {
        let trained = models.versions().filter { $0.lineage.origin == .trained && $0.lineage.dataWatermark >= first }
        logger.notice(
            "Interactions older than interactions.retention_days were removed.",
            metadata: [
                "interactions": "\(removed)",
                "models_trained_on_them": "\(trained.map { ModelVersion.name(of: $0.version) }.joined(separator: " "))",
            ])
    }
}
