import InteractionStorage
import Locking
import NCF

/// What happened since the current model was trained: who touched which item, newest last.
///
/// It lets an answer leave out what the user did a second ago, and fold in a user the model has never seen. Bounded: past
/// `capacity` the oldest interactions are forgotten first (the store keeps them; only this memory of them goes). Any thread may
/// call it; no call waits for I/O.
final class RecentInteractions: Sendable {
    private struct Entry: Sendable {
        let userID: ExactName
        let row: Int64
        let touch: RecentTouch
        /// It was removed from the store, and only keeps its place.
        var isGone = false
    }

    private struct State: Sendable {
        /// In the order of their rows.
        var entries: [Entry] = []
        /// Entries before this one are forgotten; they are cut off when they make up half of the array.
        var first = 0
        /// Since the last model, or reading of the store, so many were forgotten for want of room; rows that were not read
        /// count, also where they have been deleted.
        var forgotten = 0
        /// Entries from there on that are gone; they are cut out when they make up half of these.
        var gone = 0
        var count: Int { entries.count - first - gone }
        /// Everything that was committed up to here has been looked at.
        var watermark: Int64 = 0
        var touchesByUser: [ExactName: RecentTouches] = [:]
        /// The newest time that has been remembered, but for times that are yet to come; 0 where there was none.
        var newest: Int64 = 0
        /// Rows that were deleted and may yet come: announced later, or read from the store before the deletion.
        var deleted: Set<Int64> = []
        /// Users who were erased, and up to which row: such rows may yet come, as those in `deleted`.
        var erased: [ExactName: Int64] = [:]
        /// How many readings of the store are under way.
        var reloads = 0

        /// Rows up to the watermark have come.
        mutating func forgetWhatCannotCome() {
            deleted = deleted.filter { [watermark] in $0 > watermark }
            erased = erased.filter { [watermark] in $0.value > watermark }
        }
    }

    private let state = Lock(State())
    private let capacity: Int
    private let touchesPerUser: Int
    private let kinds: InteractionKinds
    private let clock: WallClock

    /// Remembers `capacity` interactions at most, each as what it is by `kinds`; as what a user did, the latest `touchesPerUser` of
    /// each, which are 480 KB.
    init(capacity: Int, touchesPerUser: Int = 10_000, kinds: InteractionKinds = .defaults, clock: WallClock = .system) {
        precondition(touchesPerUser > 0, "of each user at least one touch is remembered")
        self.capacity = capacity
        self.touchesPerUser = touchesPerUser
        self.kinds = kinds
        self.clock = clock
    }

    /// Reads what `store` holds after `watermark` and puts it in the place of all that was known, in one exchange: whoever
    /// asks meanwhile gets the old answer or the new one.
    ///
    /// Of more rows than it may hold it reads the last ones only. O(what is held), but for imported models.
    ///
    /// - Parameter models: Those that serve, or are about to. Of one that was trained elsewhere nobody knows that it knows
    ///   the users of the store: what its strangers did is remembered from the beginning on, to fold them in by.
    func reload(
        from store: any InteractionStore, after watermark: Int64, for models: [ModelSnapshot] = []
    ) throws(StoreError) {
        state.withLock { $0.reloads += 1 }
        defer {
            state.withLock { state in
                state.reloads -= 1
                if state.reloads == 0 { state.forgetWhatCannotCome() }
            }
        }
        var fresh = State()
        var names: ScanSnapshot?
        let imported = models.filter { $0.lineage.origin == .imported }
        // Up to the row of this number there are at most so many rows, so that after it there are enough to fill this memory:
        // whatever stands before would only be forgotten again.
        let beginning = Int64(try store.counts.interactions - capacity)
        let first = imported.isEmpty ? max(watermark, beginning) : 0
        fresh.forgotten = max(0, Int(first - watermark))
        try store.scan(
            after: first, begin: { names = $0 },
            row: { row in
                if let userID = names?.userIDs[row.userKey], let itemID = names?.itemIDs[row.itemKey],
                    row.rowID > watermark || imported.contains(where: { $0.users.index(of: userID) == nil })
                {
                    let touch = RecentTouch(
                        itemID: ExactName(itemID), kind: kinds.meaning(of: names?.kinds[row.kindKey]),
                        kindName: names?.kinds[row.kindKey], weight: row.weight, rating: row.rating,
                        timestamp: row.timestamp)
                    remember(Entry(userID: ExactName(userID), row: row.rowID, touch: touch), in: &fresh)
                }
                return true
            })
        // Commits up to here are among the rows read, even if their announcement is still on its way.
        fresh.watermark = names?.watermark ?? 0
        state.withLock { [fresh] state in
            var fresh = fresh
            forget(state.deleted.sorted(), in: &fresh)
            for entry in state.entries[state.first...] where entry.row > fresh.watermark && !entry.isGone {
                remember(entry, in: &fresh)
            }
            for (user, row) in state.erased { forget(user, upTo: row, in: &fresh) }
            fresh.watermark = max(fresh.watermark, state.watermark)
            (fresh.deleted, fresh.erased, fresh.reloads) = (state.deleted, state.erased, state.reloads)
            state = fresh
        }
    }

    /// Interactions that were committed, the last of them in the row `watermark` and the others in the rows before it; to be
    /// told in the order of the commits.
    ///
    /// Returns whether they are news: the receipt of a repeated request is that of the first one, whose watermark has
    /// been told before.
    @discardableResult
    func append(_ interactions: [Interaction], watermark: Int64) -> Bool {
        state.withLock { state in
            guard watermark > state.watermark else { return false }
            state.watermark = watermark
            for (index, interaction) in interactions.enumerated() {
                let row = watermark - Int64(interactions.count - 1 - index)
                let isDeleted = state.reloads > 0 ? state.deleted.contains(row) : state.deleted.remove(row) != nil
                let user = ExactName(interaction.userID)
                if isDeleted || state.erased[user].map({ row <= $0 }) ?? false { continue }
                let touch = RecentTouch(
                    itemID: ExactName(interaction.itemID), kind: kinds.meaning(of: interaction.kind),
                    kindName: interaction.kind, weight: interaction.weight, rating: interaction.rating,
                    timestamp: interaction.timestamp)
                remember(Entry(userID: user, row: row, touch: touch), in: &state)
            }
            if state.reloads == 0, !state.erased.isEmpty { state.forgetWhatCannotCome() }
            return true
        }
    }

    /// How many entries are forgotten before others may ask.
    private static let entriesPerTurn = 4096

    /// A model that knows everything up to `watermark` was published.
    func forget(upTo watermark: Int64) {
        state.withLock { state in
            // What was forgotten came before what is held: where the model knows some of that, it knows all of those.
            if state.entries.indices.contains(state.first), state.entries[state.first].row <= watermark {
                state.forgotten = 0
            }
        }
        var newest: Int64 = 0
        while forgetSome(upTo: watermark, newest: &newest) {}
        // What is left fades as it would after a restart.
        state.withLock { tidy(afterLosing: newest, in: &$0) }
    }

    /// Whether there may be more.
    private func forgetSome(upTo watermark: Int64, newest: inout Int64) -> Bool {
        state.withLock { state in
            for _ in 0..<Self.entriesPerTurn {
                guard state.first < state.entries.count, state.entries[state.first].row <= watermark else {
                    return false
                }
                let timestamp = state.entries[state.first].touch.timestamp
                if timestamp <= state.newest { newest = max(newest, timestamp) }
                forgetOldest(in: &state)
            }
            return true
        }
    }

    /// The interaction in that row was deleted from the store.
    func forget(row: Int64) { forget(rows: [row]) }

    /// The interactions in those rows, ascending, were removed from the store; O(rows · log of what is remembered), and once all that
    /// is remembered.
    func forget(rows: [Int64]) {
        guard !rows.isEmpty else { return }
        state.withLock { state in
            // Those that may yet come: announced later, or read from the store before they were removed.
            state.deleted.formUnion(state.reloads > 0 ? rows : rows.filter { $0 > state.watermark })
            forget(rows, in: &state)
        }
    }

    /// Forgets what is held in those rows, ascending.
    private func forget(_ rows: some Sequence<Int64>, in state: inout State) {
        var gone: [ExactName: Set<Int64>] = [:]
        var newest: Int64 = 0
        for row in rows {
            guard let index = Self.place(of: row, in: state.entries[state.first...]), !state.entries[index].isGone
            else {
                continue
            }
            let entry = state.entries[index]
            markGone(index, in: &state)
            gone[entry.userID, default: []].insert(row)
            if entry.touch.timestamp <= state.newest { newest = max(newest, entry.touch.timestamp) }
        }
        for (user, rows) in gone {
            state.touchesByUser[user]?.removeAll { rows.contains($0.row) }
            if state.touchesByUser[user]?.isOver == true { state.touchesByUser[user] = nil }
        }
        tidy(afterLosing: newest, in: &state)
    }

    private func markGone(_ index: Int, in state: inout State) {
        state.entries[index].isGone = true
        state.gone += 1
    }

    /// Entries were marked as gone, the newest of which was of that time.
    private func tidy(afterLosing newest: Int64, in state: inout State) {
        dropGone(in: &state)
        // A time that was a mistake, and was taken back, ages nothing any more.
        guard newest != 0, newest == state.newest else { return }
        let latest = latestTime
        state.newest = state.entries[state.first...].reduce(0) { newest, entry in
            entry.isGone || entry.touch.timestamp > latest ? newest : max(newest, entry.touch.timestamp)
        }
    }

    /// Later times are mistakes, by which nothing fades, as in training.
    private var latestTime: Int64 { clock.milliseconds() + InteractionDataset.Builder.greatestLead }

    private func noteTime(_ timestamp: Int64, in state: inout State) {
        guard timestamp > state.newest, timestamp <= latestTime else { return }
        state.newest = timestamp
    }

    private func dropGone(in state: inout State) {
        guard state.gone * 2 > state.entries.count - state.first else { return }
        state.entries = state.entries[state.first...].filter { !$0.isGone }
        (state.first, state.gone) = (0, 0)
    }

    /// Where that row is, by bisection.
    private static func place(of row: Int64, in entries: ArraySlice<Entry>) -> Int? {
        var (low, high) = (entries.startIndex, entries.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].row < row { low = middle + 1 } else { high = middle }
        }
        return low < entries.endIndex && entries[low].row == row ? low : nil
    }

    /// A person was erased, when `watermark` was the last row given out; what they do later is another's.
    func forget(userID: String, upTo watermark: Int64) {
        let user = ExactName(userID)
        state.withLock { state in
            if watermark > state.watermark || state.reloads > 0 { state.erased[user] = watermark }
            forget(user, upTo: watermark, in: &state)
        }
    }

    /// O(what is held of the user · log of what is remembered), or O(what is remembered) where the user did more than is held.
    private func forget(_ user: ExactName, upTo watermark: Int64, in state: inout State) {
        guard let own = state.touchesByUser[user] else { return }
        guard own.isCut else { return forget(own.held.map(\.row).filter { $0 <= watermark }, in: &state) }
        let all = state.entries[state.first...].filter { $0.userID == user && $0.row <= watermark }
        forget(all.map(\.row), in: &state)
    }

    /// The items `userID` touched, in the order of their arrival; each as often as it was touched, the latest `touchesPerUser`.
    func items(of userID: String) -> [String] {
        state.withLock { $0.touchesByUser[ExactName(userID)]?.held ?? [] }.map(\.touch.itemID.text)
    }

    /// For each item that `userID` said something of by a kind that counts, whether it likes it by the last of that.
    func likings(of userID: String) -> [ExactName: Bool] {
        let touches = state.withLock { $0.touchesByUser[ExactName(userID)]?.held ?? [] }.map(\.touch)
        return RecentTouch.byTime(touches).reduce(into: [:]) { likings, touch in
            if touch.evidence != 0 { likings[touch.itemID] = touch.evidence > 0 }
        }
    }

    /// What `userID` did, the latest `touchesPerUser` of it, oldest first, each as `snapshot` has to take it: faded by its age, which is counted from the newest
    /// time that is known here or in the model's data, as in training.
    ///
    /// What has no time comes right after all that had arrived before it.
    func touches(of userID: String, for snapshot: ModelSnapshot) -> [RecentTouch] {
        let (touches, newest) = state.withLock { ($0.touchesByUser[ExactName(userID)]?.held ?? [], $0.newest) }
        let now = max(newest, snapshot.lineage.newestTimestamp ?? newest)
        return RecentTouch.byTime(touches.map(\.touch)).map { $0.faded(at: now) }
    }

    /// How often each item was touched, by what is remembered; a dislike is no touch. O(what is remembered), for tests.
    var countsByItem: [ExactName: Int] {
        state.withLock { state in
            state.entries[state.first...].reduce(into: [:]) { counts, entry in
                if !entry.isGone, entry.touch.evidence >= 0 { counts[entry.touch.itemID, default: 0] += 1 }
            }
        }
    }

    /// How many interactions are remembered.
    var count: Int { state.withLock { $0.count } }

    /// How many interactions newer than the model are remembered no more, because more than `capacity` came.
    var forgottenCount: Int { state.withLock { $0.forgotten } }

    private func remember(_ entry: Entry, in state: inout State) {
        guard capacity > 0 else { return }
        while state.count >= capacity {
            forgetOldest(in: &state)
            state.forgotten += 1
        }
        state.entries.append(entry)
        state.touchesByUser[entry.userID, default: RecentTouches()].append(
            entry.row, entry.touch, limit: touchesPerUser)
        noteTime(entry.touch.timestamp, in: &state)
    }

    private func forgetOldest(in state: inout State) {
        let entry = state.entries[state.first]
        state.first += 1
        if state.first * 2 > state.entries.count {
            state.entries.removeFirst(state.first)
            state.first = 0
        }
        if entry.isGone {
            state.gone -= 1
            return
        }
        // The user's oldest touch is this one, or is newer where there were too many: both lists are in order of arrival.
        state.touchesByUser[entry.userID]?.dropOldest(if: entry.row)
        if state.touchesByUser[entry.userID]?.isOver == true { state.touchesByUser[entry.userID] = nil }
    }
}
