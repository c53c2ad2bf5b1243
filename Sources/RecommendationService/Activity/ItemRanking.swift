import InteractionStorage

/// Items by how much they were touched, the first so many.
struct ItemRanking: Sendable {
    /// What is asked.
    enum Question: Hashable, Sendable {
        /// The items touched most often: ever, or within the last hours.
        case popular(hours: Int?)
        /// The items that lie most above what was to be expected of them within the last hours.
        case trending(hours: Int)

        /// How far back it goes; nil for as far as there is anything.
        var hours: Int? {
            switch self {
            case .popular(let hours): hours
            case .trending(let hours): hours
            }
        }
    }

    /// One item.
    struct Entry: Sendable, Equatable {
        var item: ExactName
        /// How often it was touched.
        var count: Int
        /// How often that was to be expected.
        var expected: Double
        /// What it is ranked by: its share of all interactions, or its ``TrendScore``.
        var score: Double
    }

    /// Best first.
    var entries: [Entry]
    /// Whether there are no others.
    var isWhole: Bool
    /// How many interactions it rests on, those of other items included.
    var interactions: Int
    /// From which hour on they were counted; nil for all.
    var firstHour: Int?

    /// Ranks the items of `counts`, of which the `limit` best stay; equal ones in the order in which the record first named them.
    ///
    /// - Parameter firstHour: Where that begins which is asked for; nil for all.
    ///
    /// Complexity: linear in the items, or in what the hours hold of them.
    init(_ question: Question, of counts: ItemCounts, from firstHour: Int?, limit: Int, by trend: TrendScore) {
        self.firstHour = firstHour
        var best = Best(limit: limit)
        if let firstHour {
            let (found, total) = counts.sum(from: firstHour)
            interactions = total
            for (index, count) in found.enumerated() where count > 0 {
                let expected = TrendScore.expected(counts.totals[index], of: counts.total, among: total)
                let score =
                    switch question {
                    case .trending: trend.score(found: count, expected: expected)
                    case .popular: Double(count) / Double(total)
                    }
                best.add(Best.Candidate(score: score, count: count, expected: expected, index: UInt32(index)))
            }
        } else {
            interactions = counts.total
            for (index, count) in counts.totals.enumerated() where count > 0 {
                best.add(
                    Best.Candidate(
                        score: Double(count) / Double(counts.total), count: count, expected: Double(count),
                        index: UInt32(index)))
            }
        }
        (entries, isWhole) = (
            best.sorted().map { candidate in
                Entry(
                    item: counts.names[Int(candidate.index)], count: candidate.count, expected: candidate.expected,
                    score: candidate.score)
            }, !best.isCut
        )
    }
}

/// The best of many: twice as many as are wanted are held, and halved whenever they are full.
private struct Best {
    struct Candidate {
        var score: Double
        var count: Int
        var expected: Double
        var index: UInt32

        func isBefore(_ other: Candidate) -> Bool {
            (other.score, other.count, index) < (score, count, other.index)
        }
    }

    let limit: Int
    private(set) var isCut = false
    private var candidates: [Candidate] = []
    /// The last of those that stayed when they were halved: who is behind it does not come in.
    private var last: Candidate?

    init(limit: Int) { self.limit = limit }

    mutating func add(_ candidate: Candidate) {
        if let last, !candidate.isBefore(last) { return }
        candidates.append(candidate)
        if candidates.count >= 2 * limit + 16 { cut() }
    }

    mutating func sorted() -> [Candidate] {
        cut()
        return candidates
    }

    private mutating func cut() {
        candidates.sort { $0.isBefore($1) }
        guard candidates.count > limit else { return }
        candidates.removeLast(candidates.count - limit)
        isCut = true
        last = candidates.last
    }
}
