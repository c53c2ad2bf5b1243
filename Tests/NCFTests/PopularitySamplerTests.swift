import Glibc
import Testing

@testable import NCF

@Suite("Negative sampling by popularity")
struct PopularitySamplerTests {
    /// Items with about 1 to 40 users each.
    private func dataset(seed: UInt64) -> InteractionDataset {
        var random = SplitMix64(seed: seed)
        var builder = InteractionDataset.Builder()
        for user in 0..<40 {
            for item in 0..<25 where item == user % 25 || random.below(25) > item {
                builder.add(userID: "u\(user)", itemID: "i\(item)", rating: nil)
            }
        }
        return builder.build()
    }

    @Test(
        "draws are never a positive, and as likely among the rest as their popularity's power",
        arguments: [0, 0.5, 1, 2],
        [1, 2, 3] as [UInt64])
    func frequencies(exponent: Double, seed: UInt64) {
        let dataset = dataset(seed: seed)
        var users = [Double](repeating: 0, count: dataset.itemCount)
        for item in dataset.items { users[Int(item)] += 1 }
        let sampler = PopularitySampler(dataset: dataset, exponent: exponent)
        var random = SplitMix64(seed: seed)
        let draws = 4000
        for user in 0..<dataset.userCount {
            let positives = Set(dataset.items(of: user))
            let candidates = (0..<Int32(dataset.itemCount)).filter { !positives.contains($0) }
            let mass = candidates.reduce(0) { $0 + pow(users[Int($1)], exponent) }
            var counts = [Int](repeating: 0, count: dataset.itemCount)
            for _ in 0..<draws {
                guard let item = sampler.draw(user: user, using: &random) else { break }
                counts[Int(item)] += 1
            }
            #expect(counts.reduce(0, +) == (candidates.isEmpty ? 0 : draws))
            for item in positives { #expect(counts[Int(item)] == 0, "seed \(seed), user \(user)") }
            var statistic = 0.0
            for item in candidates {
                let probability = pow(users[Int(item)], exponent) / mass
                #expect(abs(sampler.probability(of: item, user: user) / probability - 1) < 1e-9)
                let deviation = Double(counts[Int(item)]) - Double(draws) * probability
                statistic += deviation * deviation / (Double(draws) * probability)
            }
            // Chi-square with f degrees of freedom lies 6 standard deviations above f less than once in 10⁵ draws.
            let freedom = Double(max(1, candidates.count - 1))
            #expect(statistic < freedom + 6 * (2 * freedom).squareRoot(), "seed \(seed), user \(user)")
        }
    }

    @Test("the one item left is drawn; a user who has seen everything gets none", arguments: [0, 0.75, 2])
    func exhausted(exponent: Double) {
        var builder = InteractionDataset.Builder()
        for left in 0..<5 {
            for item in 0..<5 where item != left { builder.add(userID: "\(left)", itemID: "i\(item)", rating: nil) }
        }
        for item in 0..<5 { builder.add(userID: "all", itemID: "i\(item)", rating: nil) }
        let dataset = builder.build()
        let sampler = PopularitySampler(dataset: dataset, exponent: exponent)
        var random = SplitMix64(seed: 1)
        for user in 0..<5 {
            let left = (0..<Int32(5)).first { !dataset.items(of: user).contains($0) }
            for _ in 0..<20 { #expect(sampler.draw(user: user, using: &random) == left) }
        }
        #expect(sampler.draw(user: 5, using: &random) == nil)
    }

    @Test("an item that nobody has interacted with is drawn like one that one user has")
    func unknown() {
        let (train, _) = randomDataset(users: 12, items: 30, perUser: 3, seed: 5).split(.random, seed: 3)
        let counts = (0..<Int32(30)).map { item in train.items.count { $0 == item } }
        guard let unseen = counts.firstIndex(of: 0), let once = counts.firstIndex(of: 1) else {
            Issue.record("the data has no such items")
            return
        }
        let sampler = PopularitySampler(dataset: train, exponent: 1)
        guard let user = (0..<12).first(where: { !train.items(of: $0).contains(Int32(once)) }) else {
            Issue.record("everybody has the item")
            return
        }
        let probability = sampler.probability(of: Int32(unseen), user: user)
        #expect(probability == sampler.probability(of: Int32(once), user: user) && probability > 0)
    }

    @Test("no catalogue's masses overflow", arguments: [0, 1, Hyperparameters.Limit.popularityExponent])
    func extremes(exponent: Double) {
        var builder = InteractionDataset.Builder()
        for user in 0..<3000 { builder.add(userID: "\(user)", itemID: "hit", rating: nil) }
        for item in 0..<3000 { builder.add(userID: "0", itemID: "rare \(item)", rating: nil) }
        let dataset = builder.build()
        let sampler = PopularitySampler(dataset: dataset, exponent: exponent)
        var random = SplitMix64(seed: 8)
        #expect(sampler.draw(user: 0, using: &random) == nil)
        for _ in 0..<1000 {
            let item = sampler.draw(user: 1, using: &random)
            #expect(item.map { $0 >= 0 && $0 < 3001 && !dataset.items(of: 1).contains($0) } == true)
        }
    }
}
