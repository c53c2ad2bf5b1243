/// The rows of an ``InteractionDataset/Builder`` as columns, in the order of arrival, and which of them stand.
struct BuilderRows {
    private(set) var users: [Int32] = []
    private(set) var items: [Int32] = []
    private(set) var ratings: [Float] = []
    private(set) var timestamps: [Int64] = []
    /// Their own; see ``evidence(of:newest:)``.
    private var weights: [Float] = []
    /// By what rows are put in order: their times, one without in the place of the latest that its user had when it came. Empty
    /// where no row is without a time, or all are (``placeUntimed(userCount:)``).
    private var moments: [Int64] = []
    /// Places in ``settings``; empty until a row has a kind, as most data have none.
    private var kinds: [Int32] = []
    /// The kinds that there are.
    var settings = [FeedbackKind.plain]

    mutating func append(user: Int32, item: Int32, rating: Float, weight: Float, timestamp: Int64, kind: Int) {
        precondition(settings.indices.contains(kind), "a kind that was not defined")
        if kind != 0 && kinds.isEmpty { kinds = Array(repeating: 0, count: users.count) }
        if kind != 0 || !kinds.isEmpty { kinds.append(Int32(kind)) }
        users.append(user)
        items.append(item)
        ratings.append(rating)
        weights.append(weight)
        timestamps.append(timestamp)
    }

    /// What ages are counted from: only where something fades does it matter.
    var newest: Int64 {
        settings.contains { $0.halfLifeDays != nil } ? RobustBounds.newest(of: timestamps) : timestamps.max() ?? 0
    }

    /// Rows without a time come right after what had come before them; once all are here. O(rows).
    mutating func placeUntimed(userCount: Int) {
        guard timestamps.contains(0), timestamps.contains(where: { $0 != 0 }) else { return }
        var latest = [Int64](repeating: .min, count: userCount)
        moments = zip(users, timestamps).map { user, time in
            if time != 0 { latest[Int(user)] = max(latest[Int(user)], time) }
            return time == 0 ? latest[Int(user)] : time
        }
    }

    /// Leaves out rows whose ratings cannot be on the scale of the others, and tells of each.
    mutating func removeOffScale(note: (_ user: Int32, _ item: Int32, _ rating: Float) -> Void) {
        guard let scale = RobustBounds.scale(of: ratings) else { return }
        var kept: [Int] = []
        kept.reserveCapacity(ratings.count)
        for row in ratings.indices {
            if ratings[row].isNaN || scale.contains(ratings[row]) {
                kept.append(row)
            } else {
                note(users[row], items[row], ratings[row])
            }
        }
        guard kept.count < ratings.count else { return }
        users = kept.map { users[$0] }
        items = kept.map { items[$0] }
        timestamps = kept.map { timestamps[$0] }
        weights = kept.map { weights[$0] }
        if !kinds.isEmpty { kinds = kept.map { kinds[$0] } }
        ratings = kept.map { ratings[$0] }
    }

    /// What a row counts now that the latest of all is of the time `newest`; below 0 for a dislike.
    func evidence(of row: Int, newest: Int64) -> Float {
        let age = timestamps[row] == 0 ? 0 : newest - timestamps[row]
        return settings[kind(of: row)].evidence(weights[row], age: age)
    }

    private func kind(of row: Int) -> Int { kinds.isEmpty ? 0 : Int(kinds[row]) }

    /// The rows grouped by user, each group in the order of arrival (a counting sort).
    func orderedByUser(userCount: Int) -> (order: [Int], offsets: [Int]) {
        var offsets = [Int](repeating: 0, count: userCount + 1)
        for user in users { offsets[Int(user) + 1] += 1 }
        for user in 0..<userCount { offsets[user + 1] += offsets[user] }
        var next = offsets
        var order = [Int](repeating: 0, count: users.count)
        for row in users.indices {
            let user = Int(users[row])
            order[next[user]] = row
            next[user] += 1
        }
        return (order, offsets)
    }

    /// Told of a row that another one of its pair stands for: what is found, which row, and what is odd about it.
    typealias Note = (_ finding: CleaningFinding, _ row: Int, _ detail: () -> String) -> Void

    /// Of one user's rows, the one to keep for each item, sorted by time and arrival.
    ///
    /// - Parameter marks: By item the last user seen with it, −1 at first: whose items are all different needs no sorting by them.
    func merged(_ own: ArraySlice<Int>, newest: Int64, marks: inout [Int32], note: Note) -> [Int] {
        var repeats = false
        for row in own {
            let item = Int(items[row])
            repeats = repeats || marks[item] == users[row]
            marks[item] = users[row]
        }
        guard repeats else { return ordered(Array(own)) }
        let byItem = own.sorted { sortKey($0) < sortKey($1) }
        var kept: [Int] = []
        var start = 0
        while start < byItem.count {
            var end = start + 1
            while end < byItem.count, items[byItem[end]] == items[byItem[start]] { end += 1 }
            kept.append(
                end == start + 1 ? byItem[start] : standing(byItem[start..<end], newest: newest, note))
            start = end
        }
        return ordered(kept)
    }

    /// By time and arrival.
    private func ordered(_ rows: [Int]) -> [Int] {
        // As most come.
        for place in rows.indices.dropFirst() where isLater(rows[place - 1], than: rows[place]) {
            return rows.sorted { isLater($1, than: $0) }
        }
        return rows
    }

    /// Brings equal rows next to each other, and the rows of a pair together.
    private func sortKey(_ row: Int) -> (Int32, Int64, UInt32, UInt32, Int, Int) {
        (items[row], timestamps[row], ratings[row].bitPattern, weights[row].bitPattern, kind(of: row), row)
    }

    /// The row that stands for all rows of one pair.
    private func standing(_ pair: ArraySlice<Int>, newest: Int64, _ note: Note) -> Int {
        let winner = winner(of: pair, newest: newest)
        // Equal rows are neighbours; of each group one that is not the winner is told of, or the winner itself.
        var different: [Int] = []
        for row in pair {
            if let last = different.last, isRepetition(row, of: last) {
                note(.exactDuplicates, row) { "the same more than once" }
            } else {
                different.append(row)
            }
        }
        let isWinner = different.map { isRepetition($0, of: winner) }
        for (row, isWinner) in zip(different, isWinner) where !isWinner {
            note(.repeatedPairs, row) { "rows of this user and item that differ: \(different.count)" }
            if ratings[row].bitPattern != ratings[winner].bitPattern {
                note(.conflictingRatings, row) { "rated \(text(ratings[row])), and \(text(ratings[winner])) stands" }
            }
            if sign(of: row) != sign(of: winner), evidence(of: row, newest: newest) != 0 {
                note(.conflictingSigns, row) { "\(sign(of: row).rawValue), and \(sign(of: winner).rawValue) stands" }
            }
        }
        return winner
    }

    private func text(_ rating: Float) -> String { rating.isNaN ? "not at all" : "\(rating)" }

    /// Of the latest row of each kind the latest that counts for anything says whether the item is liked or disliked; of those that say
    /// the same, the one that counts most stands, of equals the later.
    private func winner(of pair: ArraySlice<Int>, newest: Int64) -> Int {
        if kinds.isEmpty { return pair.dropFirst().reduce(pair[pair.startIndex]) { isLater($1, than: $0) ? $1 : $0 } }
        var latest: [Int: Int] = [:]
        for row in pair {
            let kind = kind(of: row)
            if let other = latest[kind], !isLater(row, than: other) { continue }
            latest[kind] = row
        }
        let weighed = latest.values.map { (row: $0, evidence: evidence(of: $0, newest: newest)) }
            .sorted { isLater($1.row, than: $0.row) }
        guard let last = weighed.last(where: { $0.evidence != 0 }) ?? weighed.last else {
            preconditionFailure("a pair without rows")
        }
        return weighed.reversed().reduce(last) { best, other in
            let agrees = (other.evidence < 0) == (last.evidence < 0)
            return agrees && abs(other.evidence) > abs(best.evidence) ? other : best
        }.row
    }

    private func sign(of row: Int) -> FeedbackKind.Sign { settings[kind(of: row)].sign }

    private func isLater(_ row: Int, than other: Int) -> Bool {
        moments.isEmpty
            ? (timestamps[row], row) > (timestamps[other], other) : (moments[row], row) > (moments[other], other)
    }

    private func isRepetition(_ row: Int, of other: Int) -> Bool {
        timestamps[row] == timestamps[other] && weights[row] == weights[other] && kind(of: row) == kind(of: other)
            && ratings[row].bitPattern == ratings[other].bitPattern
    }
}
