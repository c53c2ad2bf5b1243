import Testing

@testable import NCF

@Suite("The data that settings are chosen by")
struct OwnDataTests {
    /// `perUser` interactions a user, with the items in a random order and at the times that `time` says.
    private func dataset(users: Int, perUser: Int, items: Int = 200, time: (Int) -> Int64) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 3)
        for user in 0..<users {
            for (place, item) in (0..<items).shuffled(using: &random).prefix(perUser).enumerated() {
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil, timestamp: time(place))
            }
        }
        return builder.build()
    }

    @Test("a tenth of each user's interactions is held out, the latest where there are times")
    func latest() {
        let data = dataset(users: 50, perUser: 30) { Int64($0 + 1) }
        let (train, holdout) = data.ownSplit(fold: 0, seed: 1)
        for user in 0..<data.userCount {
            #expect(holdout.items[user] == Array(data.items(of: user).suffix(3)))
            #expect(Array(train.items(of: user)) == Array(data.items(of: user).prefix(27)))
        }
    }

    @Test("of equal times random ones are held out, after all that are later")
    func equalTimes() {
        // Days of ten.
        let data = dataset(users: 50, perUser: 35) { Int64($0 / 10 + 1) }
        let (_, holdout) = data.ownSplit(fold: 0, seed: 1)
        let held = (0..<data.userCount).map { user in
            holdout.items[user].compactMap { data.items(of: user).firstIndex(of: $0) }.map {
                $0 - data.items(of: user).startIndex
            }
        }
        #expect(held.allSatisfy { $0.count == 4 && $0.allSatisfy { $0 >= 31 } } == false)
        // The last day has five, of which four are taken.
        #expect(held.allSatisfy { $0.count == 4 && $0.allSatisfy { $0 >= 30 } })
        #expect(Set(held.flatMap { $0 }) == Set(30..<35))
    }

    @Test("without times they are random, as is every other fold", arguments: [(0, Int64(0)), (1, Int64(1))])
    func random(fold: Int, step: Int64) {
        let data = dataset(users: 50, perUser: 30) { Int64($0) * step }
        let (_, holdout) = data.ownSplit(fold: fold, seed: 1)
        let (_, again) = data.ownSplit(fold: fold, seed: 1)
        let (_, other) = data.ownSplit(fold: fold + 1, seed: 1)
        #expect(holdout.items == again.items && holdout.items != other.items)
        #expect(holdout.items.allSatisfy { $0.count == 3 })
        let latest = (0..<data.userCount).count { holdout.items[$0] == Array(data.items(of: $0).suffix(3)) }
        #expect(latest < 5)
    }

    @Test("of short histories a fifth is taken at most, or a tenth where that is much; of single interactions none")
    func short() {
        let short = dataset(users: 100, perUser: 2) { Int64($0 + 1) }
        #expect(short.ownSplit(fold: 0, seed: 1).holdout.interactionCount == 40)
        for (users, held) in [(500, 200), (1500, 300)] {
            let more = dataset(users: users, perUser: 2) { Int64($0 + 1) }
            #expect(more.ownSplit(fold: 0, seed: 1).holdout.interactionCount == held)
        }
        let five = dataset(users: 100, perUser: 5) { Int64($0 + 1) }
        #expect(five.ownSplit(fold: 0, seed: 1).holdout.interactionCount == 100)
        let single = dataset(users: 100, perUser: 1) { Int64($0 + 1) }
        #expect(single.ownSplit(fold: 0, seed: 1).holdout.isEmpty)
        let least = dataset(users: 1, perUser: 2) { Int64($0 + 1) }
        #expect(least.ownSplit(fold: 0, seed: 1).holdout.interactionCount == 1)
    }

    @Test("what has weight 0 is held out neither here nor to measure a model", arguments: HoldoutStrategy.allCases)
    func weightless(strategy: HoldoutStrategy) {
        var builder = InteractionDataset.Builder()
        for user in 0..<60 {
            for item in 0..<10 {
                builder.add(
                    userID: "\(user)", itemID: "\(item)", rating: item < 5 ? 1 : 0, weight: item < 5 ? 1 : 0,
                    timestamp: Int64(1 + item))
            }
        }
        let data = builder.build()
        for holdout in [data.split(strategy, seed: 1).holdout, data.ownSplit(fold: 0, seed: 1).holdout] {
            #expect(holdout.ratings.allSatisfy { $0.allSatisfy { $0 == 1 } })
        }
        #expect(data.split(strategy, seed: 1).train.interactionCount >= 300)
    }

    @Test("a sample has whole users, and a smaller one has some of the larger one's")
    func samples() {
        let data = dataset(users: 200, perUser: 20) { Int64($0 + 1) }
        let large = data.sample(interactions: 1000, seed: 1)
        let small = data.sample(interactions: 300, seed: 1)
        #expect(large.interactionCount == 1000 && large.userCount == 50 && large.itemCount == data.itemCount)
        #expect(small.interactionCount == 300 && small.userCount == 15)
        for user in 0..<small.userCount {
            #expect(large.userIDs.index(of: small.userIDs[user]) != nil)
            guard let index = data.userIDs.index(of: small.userIDs[user]) else { continue }
            #expect(Array(small.items(of: user)) == Array(data.items(of: index)))
        }
        #expect(data.sample(interactions: 4000, seed: 1).userCount == 200)
    }

    private func arena(
        _ data: InteractionDataset, isRating: Bool = false, usersWanted: Int = 100, _ limits: SearchArena.Limits
    ) -> SearchArena {
        SearchArena(
            dataset: data, isRating: isRating, seed: 1, threads: 1, usersWanted: usersWanted, limits: limits)
    }

    @Test("small data has one rung and several folds, large data several rungs and one fold")
    func rungs() {
        let data = dataset(users: 40, perUser: 10) { Int64($0 + 1) }
        let small = arena(data, SearchArena.Limits())
        #expect(small.rungs == 1 && small.data(0).count == 3 && small.isMeasurable)
        let large = arena(data, usersWanted: 30, SearchArena.Limits(greatestSample: 390, leastSample: 40))
        #expect(large.rungs == 3)
        let trained = (0..<3).map { large.data($0)[0].train.interactionCount }
        #expect(trained == [45, 117, 351] && (0..<3).allSatisfy { large.data($0).count == 1 })
        #expect(arena(data, SearchArena.Limits(leastSample: 134)).rungs == 1)
    }

    @Test("a large catalogue is ranked for fewer users, though not for too few; ratings are compared for all")
    func cells() {
        let data = dataset(users: 100, perUser: 10) { Int64($0 + 1) }
        for (cells, least, users) in [(200 * 30, 10, 30), (200 * 30, 50, 50), (200 * 300, 50, 100)] {
            let arena = arena(data, SearchArena.Limits(cells: cells, leastUsers: least))
            // As many as can be afforded are as many as are wanted: no further fold makes up for them.
            #expect(arena.data(0).map(\.measuredUsers.count) == [users])
        }
        let ratings = arena(data, isRating: true, SearchArena.Limits(cells: 1, leastUsers: 1))
        #expect(ratings.data(0)[0].measuredUsers.count == 100)
    }

    @Test("four users are too few to tell anything by, five are enough")
    func verdictUsers() {
        for users in [4, 5] {
            let data = dataset(users: users, perUser: 10) { Int64($0 + 1) }
            #expect(arena(data, SearchArena.Limits()).isMeasurable == (users == 5))
        }
    }
}
