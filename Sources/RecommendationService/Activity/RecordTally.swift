import InteractionStorage

/// Counts the record as a scan hands it over, by the store's numbers.
struct RecordTally {
    private(set) var counts: ItemCounts
    private let arrivals: ArrivalHours
    /// By the store's number of an item, its place in ``counts``.
    private var places: [UInt32?]
    /// By the store's number of a kind, whether it is counted.
    private let isCounted: [Bool]

    /// All items of the record get a place, in the order in which it first named them.
    init(_ snapshot: ScanSnapshot, into counts: ItemCounts, _ arrivals: ArrivalHours, isCounted: (String?) -> Bool) {
        self.arrivals = arrivals
        self.counts = counts
        self.isCounted = (0..<max(1, snapshot.kinds.keyLimit)).map { isCounted(snapshot.kinds[$0]) }
        places = (0..<snapshot.itemIDs.keyLimit).map { _ in nil }
        for key in places.indices {
            if let name = snapshot.itemIDs[key] { places[key] = self.counts.index(of: ExactName(name)) }
        }
    }

    mutating func add(_ row: ScannedInteraction) {
        guard places.indices.contains(row.itemKey), let place = places[row.itemKey],
            isCounted.indices.contains(row.kindKey), isCounted[row.kindKey]
        else { return }
        counts.add(1, at: place, hour: hour(of: row))
    }

    private func hour(of row: ScannedInteraction) -> Int? {
        // Most rows are older than any hour that is counted.
        if let time = row.timestamp, ArrivalHours.hour(of: time) < counts.firstHour { return nil }
        return arrivals.hour(of: row.rowID, at: row.timestamp)
    }
}
