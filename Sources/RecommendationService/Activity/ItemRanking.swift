import InteractionStorage
import NCF

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
    /// How many items there are to be ranked.
    var itemCount: Int
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
        let (found, total) = firstHour.map { counts.sum(from: $0) } ?? (counts.totals, counts.total)
        func measure(_ index: Int) -> (expected: Double, score: Double) {
            let expected = TrendScore.expected(counts.totals[index], of: counts.total, among: total)
            return switch question {
            case .trending: (expected, trend.score(found: found[index], expected: expected))
            case .popular: (expected, Double(found[index]) / Double(total))
            }
        }
        interactions = total
        var best = TopK(limit: limit)
        var candidates = 0
        for index in found.indices where found[index] > 0 {
            candidates += 1
            best.offer(item: index, score: Float(measure(index).score))
        }
        entries = best.ranked().map { ranked in
            let (expected, score) = measure(ranked.item)
            return Entry(
                item: counts.names[ranked.item], count: found[ranked.item], expected: expected, score: score)
        }
        itemCount = candidates
    }

    /// Whether there are no others.
    var isWhole: Bool { entries.count >= itemCount }
}
