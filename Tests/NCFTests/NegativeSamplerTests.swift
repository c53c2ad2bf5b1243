import Testing

@testable import NCF

@Suite("Negative sampling")
struct NegativeSamplerTests {
    @Test("draws are never a positive, and equally likely among the rest", arguments: [1, 2, 3, 4] as [UInt64])
    func uniform(seed: UInt64) {
        let dataset = randomDataset(users: 7, items: 23, perUser: 12, seed: seed)
        let sampler = NegativeSampler(dataset: dataset)
        var random = SplitMix64(seed: seed)
        for user in 0..<dataset.userCount {
            var counts = [Int](repeating: 0, count: dataset.itemCount)
            let draws = 4000
            for _ in 0..<draws {
                guard let item = sampler.draw(user: user, using: &random) else { break }
                counts[Int(item)] += 1
            }
            #expect(counts.reduce(0, +) == draws)
            for item in dataset.items(of: user) { #expect(counts[Int(item)] == 0, "seed \(seed), user \(user)") }
            let candidates = sampler.candidateCount(user: user)
            #expect(candidates == dataset.itemCount - dataset.items(of: user).count)
            let expected = Double(draws) / Double(candidates)
            let positives = Set(dataset.items(of: user))
            let statistic = counts.indices.filter { !positives.contains(Int32($0)) }.reduce(0.0) { sum, item in
                let deviation = Double(counts[item]) - expected
                return sum + deviation * deviation / expected
            }
            // Chi-square with f degrees of freedom lies 6 standard deviations above f less than once in 10⁶ draws.
            let freedom = Double(candidates - 1)
            #expect(statistic < freedom + 6 * (2 * freedom).squareRoot(), "seed \(seed), user \(user)")
        }
    }

    @Test("the one item left is drawn; a user who has seen everything gets none")
    func exhausted() {
        var builder = InteractionDataset.Builder()
        for item in 0..<5 {
            builder.add(userID: "all", itemID: "i\(item)", rating: nil)
            if item != 3 { builder.add(userID: "but one", itemID: "i\(item)", rating: nil) }
        }
        let sampler = NegativeSampler(dataset: builder.build())
        var random = SplitMix64(seed: 1)
        #expect(sampler.draw(user: 0, using: &random) == nil)
        for _ in 0..<20 { #expect(sampler.draw(user: 1, using: &random) == 3) }
    }

    @Test("every rank is some non-positive's, whatever lines of the table a history begins and ends in")
    func ranks() {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 12)
        let itemCount = 6000
        for item in 0..<itemCount { builder.add(userID: "all", itemID: "\(item)", rating: nil) }
        // The longest have so many lines that these are bisected.
        for (user, count) in [0, 1, 14, 15, 16, 17, 1, 33, 1040, 2, 5000, 31, 5999, 47].enumerated() {
            var items = Array(0..<itemCount)
            items.shuffle(using: &random)
            for item in items.prefix(count) { builder.add(userID: "u\(user)", itemID: "\(item)", rating: nil) }
        }
        let dataset = builder.build()
        let sampler = NegativeSampler(dataset: dataset)
        for user in 1..<dataset.userCount {
            let positives = Set(dataset.items(of: user))
            let others = (0..<Int32(itemCount)).filter { !positives.contains($0) }
            #expect(sampler.candidateCount(user: user) == others.count)
            // Groups of three, the first of whose items is not a rank.
            let batch = MiniBatch(capacity: (others.count + 1) / 2, samplesPerGroup: 3)
            for group in 0..<batch.capacity {
                batch.users[group] = Int32(user)
                batch.items[3 * group] = -7
                for rank in 0..<2 { batch.items[3 * group + 1 + rank] = Int32(min(2 * group + rank, others.count - 1)) }
            }
            sampler.resolve(0..<batch.capacity, of: batch)
            let found = batch.items.array
            #expect(stride(from: 0, to: found.count, by: 3).allSatisfy { found[$0] == -7 })
            let negatives = found.indices.filter { $0 % 3 != 0 }.map { found[$0] }
            #expect(Array(negatives.prefix(others.count)) == others, "user \(user)")
        }
    }

    @Test("bounded draws cover their range and nothing else", arguments: [1, 2, 3, 10, 1000])
    func below(bound: Int) {
        var random = SplitMix64(seed: 9)
        var seen = Set<Int>()
        for _ in 0..<20 * bound { seen.insert(random.below(bound)) }
        #expect(seen == Set(0..<bound))
    }
}
