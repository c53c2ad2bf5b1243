import InteractionStorage
import Testing

@testable import RecommendationService

@Suite("Counts of items, in all and by the hour")
struct ItemCountsTests {
    private func counts(
        _ added: [(item: ExactName, count: Int, hour: Int?)], firstHour: Int = 0, limit: Int = 100
    ) -> ItemCounts {
        var counts = ItemCounts(firstHour: firstHour, limit: limit)
        for (item, count, hour) in added { counts.add(count, at: counts.index(of: item), hour: hour) }
        return counts
    }

    private func sum(_ counts: ItemCounts, from hour: Int) -> [ExactName: Int] {
        Dictionary(
            uniqueKeysWithValues: zip(counts.names, counts.sum(from: hour).counts).filter { $0.1 != 0 })
    }

    @Test("what is of before the first hour, or of no time, counts in all and in no hour")
    func hours() {
        let counts = counts([("a", 1, 5), ("a", 2, 6), ("b", 1, 6), ("b", 1, nil), ("c", 1, 4)], firstHour: 5)
        #expect(counts.names == ["a", "b", "c"] && counts.totals == [3, 2, 1] && counts.total == 6)
        #expect(sum(counts, from: 5) == ["a": 3, "b": 1] && counts.sum(from: 5).total == 4)
        #expect(sum(counts, from: 6) == ["a": 2, "b": 1] && sum(counts, from: 7) == [:])
        #expect(counts.entryCount == 3)
    }

    @Test("names are told apart byte for byte")
    func names() {
        #expect(counts([("caf\u{E9}", 1, 1), ("cafe\u{301}", 1, 1)]).totals == [1, 1])
    }

    @Test("what is taken away leaves nothing, in whatever order")
    func takenAway() {
        var counts = counts([("a", -1, 5), ("a", 1, 5), ("a", 1, 6), ("a", -1, 6)])
        #expect(counts.total == 0 && counts.entryCount == 0 && sum(counts, from: 0) == [:])
        counts.add(3, at: counts.index(of: "a"), hour: 5)
        #expect(counts.totals == [3] && counts.entryCount == 1)
    }

    @Test("hours that are given up take nothing any more, and the totals stay")
    func forgotten() {
        var counts = counts([("a", 1, 5), ("b", 1, 6), ("b", 1, 7)])
        counts.forget(before: 7)
        #expect(counts.entryCount == 1 && counts.firstHour == 7 && counts.totals == [1, 2])
        counts.add(-1, at: counts.index(of: "b"), hour: 6)
        #expect(counts.totals == [1, 1] && sum(counts, from: 0) == ["b": 1])
        counts.forget(before: 3)
        #expect(counts.firstHour == 7)
    }

    @Test("past the limit the oldest hour is given up, and one more than the limit is one too many")
    func limit() {
        let three: [(ExactName, Int, Int?)] = [("a", 1, 6), ("b", 1, 6), ("a", 1, 5)]
        #expect(counts(three, limit: 3).firstHour == 0)
        let over = counts(three + [("c", 1, 7)], limit: 3)
        #expect(over.firstHour == 6 && over.entryCount == 3 && over.totals == [2, 1, 1])
        // An hour that is too much by itself is not counted; the next is.
        var alone = counts([("a", 1, 5), ("b", 1, 5), ("c", 1, 5), ("d", 1, 5)], limit: 3)
        #expect(alone.firstHour == 6 && alone.entryCount == 0 && alone.total == 4)
        alone.add(1, at: 0, hour: 6)
        #expect(alone.entryCount == 1)
    }

    @Test("two counts make one: names keep the places of the first, and hours begin with the later beginning")
    func joined() {
        var first = counts([("a", 1, 5), ("b", 2, 8)], firstHour: 5)
        first.add(counts([("c", 1, 8), ("b", -1, 8), ("a", 1, nil), ("c", 1, 6)], firstHour: 6))
        #expect(first.names == ["a", "b", "c"] && first.totals == [2, 1, 2] && first.total == 5)
        #expect(first.firstHour == 6 && sum(first, from: 0) == ["b": 1, "c": 2] && first.entryCount == 3)
    }
}
