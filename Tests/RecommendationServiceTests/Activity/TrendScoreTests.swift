import InteractionStorage
import Testing

@testable import RecommendationService

@Suite("How far an item lies above what was to be expected")
struct TrendScoreTests {
    // Half the quantile of chi-square with 2(n + prior) degrees of freedom is that of the gamma distribution; these are from the usual tables.
    @Test(
        "the score is the lower limit of the shrunk ratio",
        arguments: [
            (1, 0, 10.982 / 2 / 10), (1, 3, 10.982 / 2 / 13), (10, 0, 24.433 / 2 / 10), (10, 10, 24.433 / 2 / 20),
            (20, 5, 40.482 / 2 / 15), (30, 20, 57.153 / 2 / 30), (40, 0, 74.222 / 2 / 10),
        ] as [(Int, Double, Double)])
    func lowerLimit(found: Int, expected: Double, score: Double) {
        let found = TrendScore(prior: 10).score(found: found, expected: expected)
        #expect(abs(found / score - 1) < 0.005, "\(found) for \(score)")
    }

    @Test("the expected is the item's share of what there was")
    func expected() {
        #expect(TrendScore.expected(30, of: 600, among: 40) == 2)
        #expect(TrendScore.expected(0, of: 0, among: 0) == 0)
    }

    @Test(
        "one click out of nothing is no trend, nor are many where as many were expected; a few dozen out of nothing are"
    )
    func whatIsATrend() {
        let trend = TrendScore(prior: 10)
        #expect(trend.score(found: 1, expected: 0) < trend.score(found: 200, expected: 200))
        #expect(trend.score(found: 5000, expected: 5000) < 1 && trend.score(found: 1, expected: 0) < 1)
        #expect(trend.score(found: 30, expected: 1) > trend.score(found: 5000, expected: 3000))
        #expect(trend.score(found: 3, expected: 0) < 1 && trend.score(found: 5000, expected: 3000) > 1.5)
        // Falling is worse than new, and more of the same is surer.
        #expect(trend.score(found: 50, expected: 100) < trend.score(found: 1, expected: 0))
        #expect(trend.score(found: 20, expected: 10) < trend.score(found: 200, expected: 100))
        #expect(TrendScore(prior: 1).score(found: 0, expected: 1e9) >= 0)
    }
}

@Suite("Items by how much they were touched")
struct ItemRankingTests {
    private func ranking(
        _ question: ItemRanking.Question, _ counts: ItemCounts, from hour: Int? = nil, limit: Int = 10
    ) -> ItemRanking {
        ItemRanking(question, of: counts, from: hour, limit: limit, by: TrendScore(prior: 10))
    }

    @Test("of a table worked by hand: ever, lately, and above what was expected")
    func byHand() {
        var counts = ItemCounts(firstHour: 0, limit: 1000)
        // 1000 in all, 100 of them lately: "old" 900 and 50, expected 90; "new" 60 and 45, expected 6; "slow" 40 and 5, expected 4.
        for (item, before, lately) in [("old", 850, 50), ("new", 15, 45), ("slow", 35, 5)] {
            let index = counts.index(of: ExactName(item))
            counts.add(before, at: index, hour: 1)
            counts.add(lately, at: index, hour: 9)
        }
        let ever = ranking(.popular(hours: nil), counts)
        #expect(ever.entries.map(\.item) == ["old", "new", "slow"] && ever.interactions == 1000 && ever.isWhole)
        #expect(ever.entries.map(\.score) == [0.9, 0.06, 0.04] && ever.entries.map(\.count) == [900, 60, 40])
        let lately = ranking(.popular(hours: 2), counts, from: 8)
        #expect(
            lately.entries.map(\.item) == ["old", "new", "slow"] && lately.entries.map(\.score) == [0.5, 0.45, 0.05])
        let trending = ranking(.trending(hours: 2), counts, from: 8)
        #expect(trending.entries.map(\.item) == ["new", "slow", "old"])
        #expect(trending.entries.map(\.expected) == [6, 4, 90] && trending.interactions == 100)
        // Γ(55)/16, Γ(15)/14 and Γ(60)/100 at 2.5 %, of the tables: 82.867/2, 16.791/2, 91.573/2.
        for (entry, score) in zip(trending.entries, [82.867 / 32, 16.791 / 28, 91.573 / 200]) {
            #expect(abs(entry.score / score - 1) < 0.005, "\(entry)")
        }
    }

    @Test(
        "the best of many are those of a sort of all, ties in the order in which they were first named",
        arguments: [1, 2, 7, 40, 60, 99])
    func bestOfMany(limit: Int) {
        var counts = ItemCounts(firstHour: 0, limit: 1000)
        for index in 0..<60 { counts.add((index * 37) % 11, at: counts.index(of: ExactName("i\(index)")), hour: 3) }
        let all = counts.names.indices.filter { counts.totals[$0] > 0 }.sorted {
            (counts.totals[$1], $0) < (counts.totals[$0], $1)
        }
        for hour in [nil, 0] {
            let ranking = ranking(.popular(hours: hour), counts, from: hour, limit: limit)
            #expect(ranking.entries.map(\.item) == all.prefix(limit).map { counts.names[$0] })
            #expect(ranking.isWhole == (limit >= all.count))
        }
    }

    @Test("of nothing there is nothing, and what was taken away is not there")
    func nothing() {
        var counts = ItemCounts(firstHour: 0, limit: 10)
        #expect(ranking(.popular(hours: nil), counts).entries.isEmpty)
        counts.add(1, at: counts.index(of: "a"), hour: 5)
        counts.add(-1, at: counts.index(of: "a"), hour: 5)
        counts.add(-1, at: counts.index(of: "b"), hour: 5)
        for question in [ItemRanking.Question.popular(hours: nil), .popular(hours: 1), .trending(hours: 1)] {
            #expect(ranking(question, counts, from: question.hours.map { _ in 0 }).entries.isEmpty)
        }
    }
}
