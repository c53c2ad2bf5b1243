import Testing

@testable import NCF

@Suite("Interaction dataset")
struct InteractionDatasetTests {
    @Test("rows are grouped by user and sorted by time, then by arrival")
    func order() {
        var builder = InteractionDataset.Builder()
        builder.add(userID: "b", itemID: "x", rating: 1, timestamp: 30)
        builder.add(userID: "a", itemID: "x", rating: 2, timestamp: 20)
        builder.add(userID: "b", itemID: "y", rating: 3, timestamp: 10)
        builder.add(userID: "a", itemID: "z", rating: 4, timestamp: 20)
        let data = builder.build()
        #expect((data.userCount, data.itemCount, data.interactionCount) == (2, 3, 4))
        #expect(data.userOffsets == [0, 2, 4])
        #expect(data.items == [1, 0, 0, 2])
        #expect(data.ratings == [3, 1, 2, 4])
        #expect(data.timestamps == [10, 30, 20, 20])
        #expect(data.hasRatings)
        #expect(data.ratingRange == 1...4)
        #expect(Array(data.items(of: 1)) == [0, 2])
        #expect(data.cleaning.rows == 4)
        // Ten milliseconds after 1970 began is no time for anybody to have rated anything.
        #expect(CleaningFinding.allCases.filter { data.cleaning[$0] > 0 } == [.earlyTimes])
    }

    @Test("of a repeated pair the latest is kept, and each row counted for what it was")
    func repeatedPairs() {
        var builder = InteractionDataset.Builder()
        builder.add(userID: "u", itemID: "i", rating: 5, timestamp: 20)
        builder.add(userID: "u", itemID: "i", rating: 1, timestamp: 10)
        builder.add(userID: "u", itemID: "i", rating: 5, timestamp: 20)
        builder.add(userID: "u", itemID: "i", rating: 5, timestamp: 15)
        builder.add(userID: "u", itemID: "j", rating: 2, timestamp: 20)
        builder.add(userID: "u", itemID: "j", rating: 3, timestamp: 20)
        let data = builder.build()
        #expect(data.items == [0, 1])
        #expect(data.ratings == [5, 3])
        #expect(data.timestamps == [20, 20])
        #expect(data.cleaning.rows == 6)
        #expect(data.cleaning[.exactDuplicates] == 1)
        #expect(data.cleaning[.repeatedPairs] == 3)
        #expect(data.cleaning[.conflictingRatings] == 2)
    }

    @Test(
        "numbers that cannot be used leave their row out, IDs included", arguments: [Float.nan, .infinity, -.infinity])
    func unusable(number: Float) {
        var builder = InteractionDataset.Builder()
        builder.add(userID: "u", itemID: "i", rating: number)
        builder.add(userID: "v", itemID: "j", rating: nil, weight: number)
        builder.add(userID: "v", itemID: "j", rating: nil, weight: -1)
        let data = builder.build()
        #expect((data.userCount, data.itemCount, data.interactionCount) == (0, 0, 0))
        #expect(data.cleaning[.nonFiniteRatings] == 1)
        #expect(data.cleaning[.invalidWeights] == 2)
        #expect(!data.hasRatings)
        #expect(data.ratingRange == nil)
    }

    @Test("a dataset with one rating missing has no ratings to train on as a whole")
    func partlyRated() {
        var builder = InteractionDataset.Builder()
        builder.add(userID: "u", itemID: "i", rating: 2)
        builder.add(userID: "u", itemID: "j", rating: nil)
        let data = builder.build()
        #expect(!data.hasRatings)
        #expect(data.ratingRange == 2...2)
        #expect(data.ratings[1].isNaN)
    }

    @Test("every split keeps the index space and loses nothing", arguments: HoldoutStrategy.allCases)
    func split(strategy: HoldoutStrategy) {
        let data = randomDataset(users: 30, items: 40, perUser: 12, rated: true, seed: 8)
        let (train, holdout) = data.split(strategy, seed: 5)
        #expect(train.userIDs == data.userIDs)
        #expect(train.itemIDs == data.itemIDs)
        for user in 0..<data.userCount {
            #expect(!train.items(of: user).isEmpty)
            #expect((Array(train.items(of: user)) + holdout.items[user]).sorted() == data.items(of: user).sorted())
            for (item, rating) in zip(holdout.items[user], holdout.ratings[user]) {
                let position = data.interactions(of: user).first { data.items[$0] == item }
                #expect(position.map { data.ratings[$0] } == rating)
            }
        }
        #expect(holdout.isEmpty == (strategy == .none))
    }

    @Test("leave-one-out takes the latest of each user who has two")
    func leaveOneOut() {
        var builder = InteractionDataset.Builder()
        builder.add(userID: "two", itemID: "late", rating: nil, timestamp: 2)
        builder.add(userID: "two", itemID: "early", rating: nil, timestamp: 1)
        builder.add(userID: "one", itemID: "late", rating: nil, timestamp: 3)
        let (train, holdout) = builder.build().split(.leaveOneOut, seed: 0)
        #expect(holdout.items == [[0], []])
        #expect(train.interactionCount == 2)
        #expect(holdout.userCount == 1)
    }

    @Test(
        "of equal times, or without any, leave-one-out takes a random one: a file may be sorted by item",
        arguments: [0, 7])
    func leaveOneOutOfEqualTimes(time: Int64) {
        var builder = InteractionDataset.Builder()
        for user in 0..<200 {
            for item in 0..<10 {
                // Two of each user's are earlier, and one is later for half of them.
                let own = item < 2 && time != 0 ? 3 : item == 9 && user % 2 == 0 && time != 0 ? 9 : time
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil, timestamp: own)
            }
        }
        let data = builder.build()
        let (_, holdout) = data.split(.leaveOneOut, seed: 1)
        #expect(holdout.items == data.split(.leaveOneOut, seed: 1).holdout.items)
        #expect(holdout.items != data.split(.leaveOneOut, seed: 2).holdout.items)
        let expected = (0..<200).map { user -> Range<Int32> in
            time == 0 ? 0..<10 : user % 2 == 0 ? 9..<10 : 2..<10
        }
        #expect(zip(holdout.items, expected).allSatisfy { $0.count == 1 && $1.contains($0[0]) })
        for item in 2..<9 as Range<Int32> { #expect(holdout.items.contains([item])) }
    }

    @Test(
        "where one of each user would be more than a fifth, leave-one-out takes a tenth, of users evenly spread",
        arguments: [(2, 20), (4, 40), (5, 100), (9, 100)])
    func leaveOneOutOfShortHistories(length: Int, measured: Int) {
        var builder = InteractionDataset.Builder()
        for user in 0..<100 {
            for time in 1...length {
                builder.add(userID: "\(user)", itemID: "\(user + time)", rating: nil, timestamp: Int64(time))
            }
        }
        let (train, holdout) = builder.build().split(.leaveOneOut, seed: 0)
        #expect(holdout.userCount == measured && holdout.interactionCount == measured)
        #expect(train.interactionCount == 100 * length - measured)
        // As many among the first as among the last.
        #expect(holdout.items.prefix(50).count { !$0.isEmpty } == measured / 2)
    }

    @Test("a temporal split has no training interaction later than a held-out one, of users it holds out from")
    func temporal() {
        var builder = InteractionDataset.Builder()
        for time in 1...20 {
            builder.add(userID: "steady", itemID: "\(time)", rating: nil, timestamp: Int64(time))
        }
        builder.add(userID: "late", itemID: "20", rating: nil, timestamp: 100)
        let (train, holdout) = builder.build().split(.temporal, seed: 0)
        #expect(holdout.items[1].isEmpty, "the late user has nothing earlier to learn from")
        #expect(holdout.items[0].count == 2)
        #expect(train.timestamps.prefix(18).max() == 18)
    }

    @Test("a random split depends on its seed alone, and takes about a tenth")
    func random() {
        let data = randomDataset(users: 60, items: 80, perUser: 30, seed: 9)
        let first = data.split(.random, seed: 1).holdout
        #expect(first.items == data.split(.random, seed: 1).holdout.items)
        #expect(first.items != data.split(.random, seed: 2).holdout.items)
        let share = Double(first.interactionCount) / Double(data.interactionCount)
        #expect(share > 0.07 && share < 0.13)
    }

    @Test("auto means implicit, unless a nearly full table of differing ratings")
    func autoObjective() {
        let sparse = randomDataset(users: 20, items: 40, perUser: 3, rated: true, seed: 1)
        #expect(Objective.auto.resolved(for: sparse) == .implicit)
        let full = randomDataset(users: 20, items: 10, perUser: 40, rated: true, seed: 1)
        #expect(Objective.auto.resolved(for: full) == .rating)
        let unrated = randomDataset(users: 20, items: 10, perUser: 40, seed: 1)
        #expect(Objective.auto.resolved(for: unrated) == .implicit)
        #expect(Objective.rating.resolved(for: unrated) == .rating)
    }

    @Test(
        "a rating that cannot be on the scale of the others is left out and counted, and far ones that can be are kept")
    func offScale() {
        func dataset(_ odd: Float, least: Float = 1) -> InteractionDataset {
            var builder = InteractionDataset.Builder()
            for row in 0..<100 {
                builder.add(userID: "u\(row % 20)", itemID: "i\(row / 20)", rating: Float(row % 5) + least)
            }
            builder.add(userID: "evil", itemID: "i0", rating: odd)
            return builder.build()
        }
        for odd in [1e9, -1e9, 3.4e38] as [Float] {
            let data = dataset(odd)
            #expect(data.cleaning[.offScaleRatings] == 1 && data.cleaning.rows == 101)
            #expect(data.ratingRange == 1...5 && data.interactionCount == 100)
        }
        #expect(dataset(10).cleaning[.offScaleRatings] == 0 && dataset(10).ratingRange == 1...10)
        // Ten times as far outside as the scale is wide, wherever that lies.
        for (odd, least, count) in [(45, 1, 0), (45.5, 1, 1), (2000, 1000, 1), (1044, 1000, 0), (959, 1000, 1)] {
            #expect(dataset(Float(odd), least: Float(least)).cleaning[.offScaleRatings] == count)
        }
        // Of a few rows nothing can be said.
        var few = InteractionDataset.Builder()
        for row in 0..<10 { few.add(userID: "u", itemID: "i\(row)", rating: row == 0 ? 1e9 : 1) }
        #expect(few.build().cleaning[.offScaleRatings] == 0)
    }

    @Test("ratings that are all the same, or as widely spread as play counts, are all on the scale")
    func spreadScales() {
        for rating in [{ _ in 3 }, { _ in 0 }, { Float($0 * $0 * $0) }] as [(Int) -> Float] {
            var builder = InteractionDataset.Builder()
            for row in 0..<200 { builder.add(userID: "u\(row % 20)", itemID: "i\(row / 20)", rating: rating(row)) }
            #expect(builder.build().cleaning[.offScaleRatings] == 0)
        }
    }

    @Test("one row from the far future does not have everything else faded")
    func futureRow() {
        var builder = InteractionDataset.Builder()
        let view = builder.define(FeedbackKind(halfLifeDays: 30))
        let day: Int64 = 86_400_000
        for row in 0..<100 {
            builder.add(
                userID: "u\(row % 20)", itemID: "i\(row / 20)", rating: nil, timestamp: Int64(1000 + row) * day,
                kind: view)
        }
        builder.add(userID: "evil", itemID: "i0", rating: nil, timestamp: 3_000_000 * day, kind: view)
        let data = builder.build()
        #expect(data.weights.min() ?? 0 > 0.09 && data.weights.max() == 1)
    }
}
