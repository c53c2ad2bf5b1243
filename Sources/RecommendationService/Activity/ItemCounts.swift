import InteractionStorage

/// How often each item was touched: in all, and hour by hour as far back as it is asked for.
///
/// Sums alone, so that what is added and taken away may come in any order. An item takes about 70 bytes, and its name if that is long, an item in an
/// hour about 22; of these there are `limit` at most, and where more would be needed the oldest hour is given up.
struct ItemCounts: Sendable {
    /// One hour: its items by their index, and all of them together.
    struct Hour: Sendable {
        // Wraps around where one item is touched two thousand million times within an hour, rather than end the process.
        var counts: [UInt32: Int32] = [:]
        var total = 0
    }

    /// In the order in which the record first named them.
    private(set) var names: [ExactName] = []
    /// As often was each touched.
    private(set) var totals: [Int] = []
    /// All of ``totals``.
    private(set) var total = 0
    /// By hours since 1970; none before ``firstHour``.
    private(set) var hours: [Int: Hour] = [:]
    /// From here on every hour is counted.
    private(set) var firstHour: Int
    /// Items in hours.
    private(set) var entryCount = 0
    private var indices: [ExactName: UInt32] = [:]
    private let limit: Int

    init(firstHour: Int, limit: Int) {
        self.firstHour = firstHour
        self.limit = limit
    }

    /// The place of that item, at the end of all others where it is new.
    mutating func index(of name: ExactName) -> UInt32 {
        if let index = indices[name] { return index }
        let index = UInt32(names.count)
        indices[name] = index
        names.append(name)
        totals.append(0)
        return index
    }

    /// The place of that item among ``names``, should it have one.
    func place(of name: ExactName) -> Int? { indices[name].map(Int.init) }

    /// Counts an item up or down, as ``add(_:at:hour:)``.
    mutating func add(_ count: Int, of name: ExactName, hour: Int?) {
        add(count, at: index(of: name), hour: hour)
    }

    /// Counts the item at `index` up, or down where `count` is negative; `hour` is nil where nobody knows when.
    mutating func add(_ count: Int, at index: UInt32, hour: Int?) {
        totals[Int(index)] += count
        total += count
        if let hour { add(count, at: index, in: hour) }
    }

    private mutating func add(_ count: Int, at index: UInt32, in hour: Int) {
        guard hour >= firstHour else { return }
        entryCount += hours[hour, default: Hour()].add(Int32(truncatingIfNeeded: count), at: index)
        while entryCount > limit, let oldest = hours.keys.min() { forget(before: oldest + 1) }
    }

    /// Gives up all hours before that one.
    mutating func forget(before hour: Int) {
        guard hour > firstHour else { return }
        firstHour = hour
        for old in hours.keys where old < hour { entryCount -= hours.removeValue(forKey: old)?.counts.count ?? 0 }
    }

    /// Adds all that `other` has counted.
    mutating func add(_ other: ItemCounts) {
        forget(before: other.firstHour)
        let places = other.names.map { index(of: $0) }
        for (index, count) in zip(places, other.totals) { add(count, at: index, hour: nil) }
        for (hour, counted) in other.hours {
            for (index, count) in counted.counts { add(Int(count), at: places[Int(index)], in: hour) }
        }
    }

    /// How often each item was touched from `hour` on, by index, and all of them. O(items + items in these hours).
    func sum(from hour: Int) -> (counts: [Int], total: Int) {
        // An array rather than a dictionary: with a million items in hours the dictionary took most of the time.
        var (counts, total) = ([Int](repeating: 0, count: names.count), 0)
        for (counted, those) in hours where counted >= hour {
            total += those.total
            for (index, count) in those.counts { counts[Int(index)] += Int(count) }
        }
        return (counts, total)
    }
}

extension ItemCounts.Hour {
    /// Returns how many items came to it, or left it.
    fileprivate mutating func add(_ count: Int32, at index: UInt32) -> Int {
        total += Int(count)
        let before = counts.count
        let sum = (counts[index] ?? 0) &+ count
        counts[index] = sum == 0 ? nil : sum
        return counts.count - before
    }
}
