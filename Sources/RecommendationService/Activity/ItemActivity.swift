import Atomics
import Dispatch
import InteractionStorage
import Locking
import Logging
import NCF

/// How often items were touched, in all and lately: what `/popular` and `/trending` answer from.
///
/// Holds sums and no person's. At the start the record is read once; from then on whatever is stored is added and whatever is
/// erased, deleted or too old is taken away, before that is answered. Large records are read in the background, and until that is done
/// there are no rankings. Any thread may call it; what blocks says so.
final class ItemActivity: Sendable {
    /// Records up to so many interactions are read before the service starts.
    static let countedAtStart = 1_000_000
    /// After the record could not be read it is tried again.
    private static let retrySeconds = 10

    let state: Lock<ActivityState>
    let rankings = Lock<[ItemRanking.Question: KeptRanking]>([:])
    /// Held while a ranking is made, so that whoever waits for it finds it done.
    let ranking = Lock(())
    let settings: ServiceConfiguration.Trending
    let clock: WallClock
    /// Held from before something is removed from the store until that is told, and from before a reading of the store until it has its
    /// moment: so each removal is either before that moment or is news. A lock has to be let go by the thread that took it.
    private let removal = DispatchSemaphore(value: 1)
    private let queue = DispatchQueue(label: "nectar.activity", qos: .utility)
    private let isEnding = ManagedAtomic(false)
    private let isCountScheduled = ManagedAtomic(false)
    private let kinds: InteractionKinds
    private let store: any InteractionStore
    private let file: ArrivalFile
    private let countedAtStart: Int
    /// Rankings of up to so many items are made in no time, and are not kept when something is added.
    let fewItems: Int
    private let logger: Logger

    init(
        store: any InteractionStore, kinds: InteractionKinds, settings: ServiceConfiguration.Trending,
        file: ArrivalFile, clock: WallClock, logger: Logger, countedAtStart: Int = ItemActivity.countedAtStart,
        fewItems: Int = 1000
    ) {
        self.store = store
        self.kinds = kinds
        self.settings = settings
        self.file = file
        self.clock = clock
        self.logger = logger
        self.countedAtStart = countedAtStart
        self.fewItems = fewItems
        state = Lock(ActivityState(Self.nothing(settings, clock)))
    }

    private static func nothing(_ settings: ServiceConfiguration.Trending, _ clock: WallClock) -> ItemCounts {
        let hour = ArrivalHours.hour(of: clock.milliseconds())
        return ItemCounts(firstHour: hour - settings.longestHours, limit: settings.counts)
    }

    /// Whether an interaction of that kind says that an item is wanted.
    private func isCounted(_ kind: String?) -> Bool {
        guard let kind = kinds.meaning(of: kind) else { return false }
        return kind.sign == .positive && kind.weight > 0
    }

    // MARK: Reading the record

    /// Counts what the store holds: at once, or in the background where that is much. To be called once, before anything is stored or
    /// removed. Blocks on I/O.
    func start() throws(StoreError) {
        let watermark = try store.watermark
        let arrivals = file.read(upTo: watermark, logger)
        let hour = ArrivalHours.hour(of: clock.milliseconds())
        state.withLock { $0.start(arrivals, watermark: watermark, hour: hour) }
        // Or a process that is killed within its first hour would have left nothing of it.
        keepArrivals()
        if try store.counts.interactions <= countedAtStart {
            try count()
        } else {
            scheduleCount()
        }
    }

    /// Ends a reading that is under way, for good; waits for it.
    func end() {
        isEnding.store(true, ordering: .relaxed)
        queue.sync {}
        let isStarted = state.withLock { state in
            defer { state.stop() }
            return !state.arrivals.entries.isEmpty
        }
        if isStarted { keepArrivals() }
    }

    /// Returns when all that was to be done in the background is done.
    func drain() { queue.sync {} }

    private func keepArrivals() {
        file.write(state.withLock { $0.arrivals }, logger)
    }

    private func scheduleCount() {
        guard !isCountScheduled.exchange(true, ordering: .relaxed) else { return }
        queue.async { [weak self] in self?.countInBackground() }
    }

    private func countInBackground() {
        guard !isEnding.load(ordering: .relaxed) else { return }
        do {
            isCountScheduled.store(false, ordering: .relaxed)
            try count()
        } catch {
            logger.error("The interactions could not be counted, and will be tried again: \(error)")
            queue.asyncAfter(deadline: .now() + .seconds(Self.retrySeconds)) { [weak self] in
                self?.countInBackground()
            }
        }
    }

    private func count() throws(StoreError) {
        var tally: RecordTally?
        var hasBegun = false
        removal.wait()
        defer { if !hasBegun { removal.signal() } }
        do throws(StoreError) {
            try store.scan(
                after: 0,
                begin: { snapshot in
                    let nothing = Self.nothing(settings, clock)
                    let arrivals = state.withLock { state in
                        state.begin(nothing, at: snapshot.watermark)
                        return state.arrivals
                    }
                    hasBegun = true
                    removal.signal()
                    tally = RecordTally(snapshot, into: nothing, arrivals, isCounted: isCounted)
                },
                row: { row in
                    tally?.add(row)
                    return !isEnding.load(ordering: .relaxed)
                })
        } catch {
            state.withLock { $0.abandon() }
            throw error
        }
        guard let counted = tally?.counts, !isEnding.load(ordering: .relaxed) else { return }
        tally = nil
        state.withLock { $0.finish(counted) }
    }

    // MARK: What happens

    /// Interactions that were committed, the last of them in the row `watermark` and the others in the rows before it; to be told in
    /// the order of the commits. What has been told before, or read, is not counted again.
    func append(_ interactions: [Interaction], watermark: Int64) {
        let hour = ArrivalHours.hour(of: clock.milliseconds())
        let (isNewHour, isBehind) = state.withLock { state in
            let isNewHour = state.append(interactions, watermark: watermark, hour: hour, isCounted: isCounted)
            if isNewHour { state.forget(before: hour - settings.longestHours) }
            return (isNewHour, state.isBehind)
        }
        if isNewHour { queue.async { [weak self] in self?.keepArrivals() } }
        if isBehind { scheduleCount() }
    }

    /// Removes interactions from the store by `remove`, and counts no longer what that says was removed. Blocks on I/O.
    ///
    /// Where the store cannot say whether it did, a second try would find nothing more to remove: then all is counted anew, and
    /// there are no rankings until that is done.
    func removing<Outcome>(
        _ remove: () throws(StoreError) -> Outcome, _ removed: (Outcome) -> [RemovedInteraction]
    ) throws(StoreError) -> Outcome {
        removal.wait()
        defer { removal.signal() }
        let outcome: Outcome
        do throws(StoreError) {
            outcome = try remove()
        } catch {
            if case .outcomeUnknown = error {
                state.withLock { $0.doubt() }
                scheduleCount()
            }
            throw error
        }
        let gone = removed(outcome)
        if !gone.isEmpty { state.withLock { $0.remove(gone, isCounted: isCounted) } }
        return outcome
    }

    /// Interactions counted, items in hours, and how many hours back these go.
    var figures: (interactions: Int, counts: Int, hours: Int) {
        let hour = ArrivalHours.hour(of: clock.milliseconds())
        return state.withLock { ($0.counts.total, $0.counts.entryCount, hour - $0.counts.firstHour) }
    }
}
