import InteractionStorage

/// What is counted at one moment, and what of it is yet to be told: the events of the record in, sums out; no clock, no lock, no store.
///
/// Rows are told in the order of the commits, removals in any. A removal may come before the row it is of, and either while the
/// record is being read: whatever the order, each row ends up counted once or not at all.
struct ActivityState: Sendable {
    private(set) var counts: ItemCounts
    /// What came and went since the reading began that is under way; nil while none is.
    private var news: ItemCounts?
    private(set) var arrivals = ArrivalHours()
    /// What was stored up to here has been told of, or is being read.
    private(set) var watermark: Int64 = 0
    /// Rows beyond it that were removed already.
    private var goneEarly: Set<Int64> = []
    /// Whether ``counts`` are of the whole record.
    private(set) var isCounted = false
    /// Whether rows must have come of which nobody has told: the record has to be read again.
    private(set) var isBehind = false
    /// How often something was taken away, or perhaps, or all was counted anew.
    private(set) var removals = 0
    /// How often something was added.
    private(set) var additions = 0

    init(_ counts: ItemCounts) { self.counts = counts }

    /// The store holds rows up to `watermark`, which came when `arrivals` says; from now on they come in `hour`.
    mutating func start(_ arrivals: ArrivalHours, watermark: Int64, hour: Int) {
        self.arrivals = arrivals
        self.arrivals.note(hour, from: watermark + 1)
    }

    /// From now on rows come at times that nobody here will know.
    mutating func stop() {
        arrivals.note(nil, from: watermark + 1)
    }

    /// A reading of all rows up to `watermark` has begun: from here on it is news.
    mutating func begin(_ empty: ItemCounts, at watermark: Int64) {
        news = empty
        isBehind = false
        self.watermark = max(self.watermark, watermark)
        goneEarly = goneEarly.filter { $0 > watermark }
    }

    /// What the reading has counted.
    mutating func finish(_ counted: ItemCounts) {
        counts = counted
        if let news { counts.add(news) }
        news = nil
        isCounted = true
        removals += 1
    }

    /// The reading has come to nothing.
    mutating func abandon() {
        news = nil
        isBehind = true
    }

    /// It is not known what was taken away: nothing is answered from these counts until they are made anew.
    mutating func doubt() {
        (isCounted, isBehind) = (false, true)
        removals += 1
    }

    /// Interactions that were committed in `hour`, the last of them in the row `watermark` and the others in the rows before it.
    ///
    /// Returns whether that is the first of its hour. What has been told before, or read, changes nothing.
    mutating func append(
        _ interactions: [Interaction], watermark: Int64, hour: Int, isCounted: (_ kind: String?) -> Bool
    ) -> Bool {
        guard watermark > self.watermark else { return false }
        let first = watermark - Int64(interactions.count) + 1
        // What came before the first reading is among what it reads.
        if first > self.watermark + 1, self.isCounted || news != nil { isBehind = true }
        self.watermark = watermark
        let isNewHour = arrivals.note(hour, from: first)
        for (offset, interaction) in interactions.enumerated() {
            let row = first + Int64(offset)
            // Also what counts nothing gets a place: items stand in the order in which the record first named them.
            let count = !goneEarly.contains(row) && isCounted(interaction.kind) ? 1 : 0
            add(count, ExactName(interaction.itemID), hour: arrivals.hour(of: row, at: interaction.timestamp))
        }
        additions += 1
        if !goneEarly.isEmpty { goneEarly = goneEarly.filter { $0 > watermark } }
        return isNewHour
    }

    /// Interactions that are gone from the record.
    mutating func remove(_ gone: [RemovedInteraction], isCounted: (_ kind: String?) -> Bool) {
        for interaction in gone {
            if interaction.rowID > watermark {
                goneEarly.insert(interaction.rowID)
            } else if isCounted(interaction.kind) {
                let hour = arrivals.hour(of: interaction.rowID, at: interaction.timestamp)
                add(-1, ExactName(interaction.itemID), hour: hour)
            }
        }
        removals += 1
    }

    /// Nobody asks for hours before that one any more.
    mutating func forget(before hour: Int) {
        counts.forget(before: hour)
        arrivals.forget(before: hour)
    }

    private mutating func add(_ count: Int, _ item: ExactName, hour: Int?) {
        counts.add(count, of: item, hour: hour)
        news?.add(count, of: item, hour: hour)
    }
}
