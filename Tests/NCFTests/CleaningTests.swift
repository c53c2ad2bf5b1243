import Testing

@testable import NCF

@Suite("What is found in a dataset")
struct CleaningTests {
    /// 2026-01-01.
    private static let now: Int64 = 1_767_225_600_000
    private static let day: Int64 = 86_400_000

    private func found(_ cleaning: DatasetCleaning) -> [CleaningFinding: Int] {
        CleaningFinding.allCases.reduce(into: [:]) { found, finding in
            if cleaning[finding] > 0 { found[finding] = cleaning[finding] }
        }
    }

    private func builder() -> InteractionDataset.Builder { InteractionDataset.Builder(now: Self.now) }

    @Test("times of before 1990, and more than a day ahead of the clock, are told; those at either bound are not")
    func times() {
        var builder = builder()
        let first = InteractionDataset.Builder.earliestTime
        for (index, time) in [first, first - 1, -5, Self.now + Self.day, Self.now + Self.day + 1, Self.now / 1000]
            .enumerated()
        {
            builder.add(userID: "u", itemID: "\(index)", rating: nil, timestamp: time)
        }
        let data = builder.build()
        #expect(data.interactionCount == 6)
        #expect(found(data.cleaning) == [.earlyTimes: 3, .futureTimes: 1])
        #expect(data.cleaning.examples(of: .earlyTimes).map(\.itemID) == ["1", "2", "5"])
        #expect(data.cleaning.examples(of: .futureTimes).first?.itemID == "4")
        // Without a clock nothing is of the future.
        var other = InteractionDataset.Builder()
        other.add(userID: "u", itemID: "i", rating: nil, timestamp: .max)
        #expect(found(other.build().cleaning).isEmpty)
    }

    @Test("a missing time or rating is told among others that have one, and not where all lack it")
    func missing() {
        func data(_ rows: [(Float?, Int64)]) -> DatasetCleaning {
            var builder = builder()
            for (index, row) in rows.enumerated() {
                builder.add(userID: "u", itemID: "\(index)", rating: row.0, timestamp: row.1)
            }
            return builder.build().cleaning
        }
        #expect(found(data([(1, Self.now), (nil, Self.now), (2, 0)])) == [.missingRatings: 1, .missingTimes: 1])
        #expect(found(data([(nil, Self.now), (nil, Self.now)])).isEmpty)
        let none = data([(1, 0), (2, 0)])
        #expect(found(none).isEmpty && none.examples(of: .missingTimes).isEmpty)
    }

    @Test("repetitions name what repeats and what stands, and there are five examples at most")
    func repetitions() {
        var builder = builder()
        let like = builder.define(FeedbackKind())
        let dislike = builder.define(FeedbackKind(sign: .negative))
        for index in 0..<7 {
            builder.add(userID: "u", itemID: "\(index)", rating: 2, timestamp: Self.now - 2, kind: like)
            builder.add(userID: "u", itemID: "\(index)", rating: 2, timestamp: Self.now - 2, kind: like)
            builder.add(userID: "u", itemID: "\(index)", rating: 5, timestamp: Self.now, kind: dislike)
        }
        let cleaning = builder.build().cleaning
        #expect(
            found(cleaning)
                == [.exactDuplicates: 7, .repeatedPairs: 7, .conflictingRatings: 7, .conflictingSigns: 7])
        for finding in [CleaningFinding.exactDuplicates, .repeatedPairs, .conflictingRatings, .conflictingSigns] {
            #expect(cleaning.examples(of: finding).count == DatasetCleaning.exampleLimit)
        }
        #expect(
            cleaning.examples(of: .conflictingRatings).first
                == .init(userID: "u", itemID: "0", detail: "rated 2.0, and 5.0 stands"))
        #expect(cleaning.examples(of: .conflictingSigns).first?.detail == "positive, and negative stands")
    }

    @Test("values that cannot be used are told with what they were, and so are refused kinds")
    func values() {
        var builder = builder()
        for index in 0..<100 {
            builder.add(userID: "u", itemID: "\(index)", rating: Float(index % 5 + 1), timestamp: Self.now)
        }
        builder.add(userID: "v", itemID: "a", rating: 5000, timestamp: Self.now)
        builder.add(userID: "v", itemID: "b", rating: .infinity, timestamp: Self.now)
        builder.add(userID: "v", itemID: "c", rating: 1, weight: -2, timestamp: Self.now)
        builder.addRefusedKind(userID: "v", itemID: "d", kind: "odd")
        let cleaning = builder.build().cleaning
        #expect(
            found(cleaning) == [.offScaleRatings: 1, .nonFiniteRatings: 1, .invalidWeights: 1, .refusedKinds: 1])
        let details = [
            CleaningFinding.offScaleRatings, .nonFiniteRatings, .invalidWeights, .refusedKinds,
        ].map { cleaning.examples(of: $0).first?.detail }
        #expect(details == ["rating: 5000.0", "rating: inf", "weight: -2.0", "kind: odd"])
        #expect(cleaning.rows == 104)
    }

    @Test("a fault of one row in a hundred is serious, one of fewer is not, and what people are like never is")
    func serious() {
        func cleaning(_ faults: Int) -> DatasetCleaning {
            var builder = builder()
            for index in 0..<(1000 - faults) {
                builder.add(userID: "u", itemID: "\(index)", rating: nil, timestamp: Self.now)
            }
            for _ in 0..<faults { builder.add(userID: "u", itemID: "0", rating: nil, timestamp: Self.now) }
            return builder.build().inspected(by: CleaningRules()).dataset.cleaning
        }
        #expect(cleaning(10).serious == [.exactDuplicates])
        #expect(cleaning(9).serious.isEmpty && cleaning(9)[.exactDuplicates] == 9)
        #expect(cleaning(9)[.rareItems] > 900)
    }

    @Test("figures are those of the definitions")
    func figures() throws {
        var builder = builder()
        // Items with 4, 1, 1 interactions; two users who rate far apart, one of few ratings.
        for (user, item, rating) in [
            ("a", "x", 1), ("b", "x", 5), ("c", "x", 3), ("d", "x", 3), ("a", "y", 2), ("b", "z", 4),
        ] as [(String, String, Float)] {
            builder.add(userID: user, itemID: item, rating: rating, timestamp: Self.now)
        }
        let figures = try #require(builder.build().inspected(by: CleaningRules()).dataset.cleaning.figures)
        #expect((figures.users, figures.items, figures.interactions) == (4, 3, 6))
        #expect(figures.density == 0.5)
        // Σ (2k − 4) x / (3 · 6) of 1, 1, 4.
        #expect(abs(figures.gini - 6.0 / 18) < 1e-12)
        #expect(abs(figures.topShare - 4.0 / 6) < 1e-12)
        #expect(figures.coldUserShare == 1 && figures.coldItemShare == 1)
        #expect(figures.ratedShare == 1 && figures.userRatingDeviation == nil)
        let deviation = try #require(figures.ratingDeviation)
        #expect(abs(deviation - (10.0 / 6).squareRoot()) < 1e-12)
    }

    @Test("who gives everything the same rating is told, and whoever grades is not")
    func constantRaters() {
        var builder = builder()
        for index in 0..<10 {
            builder.add(userID: "same", itemID: "\(index)", rating: 5, timestamp: Self.now)
            builder.add(userID: "grades", itemID: "\(index)", rating: Float(index % 5 + 1), timestamp: Self.now)
            if index < 9 { builder.add(userID: "few", itemID: "\(index)", rating: 4, timestamp: Self.now) }
        }
        let cleaning = builder.build().inspected(by: CleaningRules()).dataset.cleaning
        #expect(cleaning[.constantRaters] == 1)
        #expect(
            cleaning.examples(of: .constantRaters) == [.init(userID: "same", detail: "all of 10 items are rated 5.0")])
    }

    @Test("examples of a user can be forgotten, what is counted stays")
    func forgetting() {
        var builder = builder()
        for user in ["u", "v"] { builder.add(userID: user, itemID: "i", rating: .nan, timestamp: Self.now) }
        let cleaning = builder.build().cleaning
        #expect(cleaning.examples(of: .nonFiniteRatings).map(\.userID) == ["u", "v"])
        let rest = cleaning.forgetting { $0 == "u" }
        #expect(rest.examples(of: .nonFiniteRatings).map(\.userID) == ["v"] && rest[.nonFiniteRatings] == 2)
    }

    @Test("every finding says what was done and how to change it", arguments: CleaningFinding.allCases)
    func explained(finding: CleaningFinding) {
        #expect(!DatasetCleaning().done(finding).isEmpty && !finding.change.isEmpty)
        #expect(["rows", "users", "items"].contains(finding.unit))
    }
}
