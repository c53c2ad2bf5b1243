import Testing

@testable import NCF

@Suite("A part of a holdout")
struct HoldoutSampleTests {
    private let holdout = Holdout(
        items: (0..<100).map { $0 % 2 == 0 ? [Int32($0)] : [] },
        ratings: (0..<100).map { $0 % 2 == 0 ? [Float($0)] : [] },
        negatives: (0..<100).map { [Int32($0), 7] })

    @Test("users keep all that is held out of them, or nothing", arguments: [0, 1, 20, 49])
    func part(limit: Int) {
        let sample = holdout.sample(users: limit, seed: 3)
        #expect(sample.userCount == limit)
        for user in 0..<100 {
            #expect(sample.items[user].isEmpty || sample.items[user] == holdout.items[user])
            #expect(sample.ratings[user].count == sample.items[user].count)
        }
        #expect(sample.negatives == holdout.negatives)
    }

    @Test("where there are no more users than that, it is the whole", arguments: [50, 1000])
    func whole(limit: Int) {
        #expect(holdout.sample(users: limit, seed: 3).items == holdout.items)
    }

    @Test("the seed decides which, and every user is drawn as often as any other")
    func seeded() {
        #expect(holdout.sample(users: 10, seed: 1).items == holdout.sample(users: 10, seed: 1).items)
        var drawn = [Int](repeating: 0, count: 100)
        for seed in 0..<2000 as Range<UInt64> {
            for (user, items) in holdout.sample(users: 10, seed: seed).items.enumerated() { drawn[user] += items.count }
        }
        // 2,000 draws of one in five: 400 each, standard deviation 18.
        for user in stride(from: 0, to: 100, by: 2) { #expect(abs(drawn[user] - 400) < 90, "user \(user)") }
    }

    @Test("what an epoch is measured on has a bound, whatever is held out")
    func validation() throws {
        let count = HoldoutValidation.greatestPairs + 500
        var builder = InteractionDataset.Builder()
        for user in 0..<count {
            builder.add(userID: "\(user)", itemID: "\(user % 3)", rating: Float(1 + user % 5), timestamp: 1)
        }
        let dataset = builder.build()
        let all = Holdout(
            items: (0..<count).map { dataset.items(of: $0).map { $0 } }, ratings: (0..<count).map { _ in [2] })
        let validation = HoldoutValidation(dataset: dataset, holdout: all, objective: .rating, seed: 1)
        #expect(validation.pairCount == HoldoutValidation.greatestPairs)
    }
}
