import Testing

@testable import NCF

@Suite("Negative sampling")
struct NegativeSamplerTests {
    private static let bothForms = [true, false]

    /// Whether so many draws of each item are what equally likely items among the `candidates` would give.
    private func areUniform(_ counts: [Int], among candidates: Set<Int32>) -> Bool {
        guard counts.indices.allSatisfy({ candidates.contains(Int32($0)) || counts[$0] == 0 }) else { return false }
        let expected = Double(counts.reduce(0, +)) / Double(candidates.count)
        let statistic = candidates.reduce(0.0) { sum, item in
            let deviation = Double(counts[Int(item)]) - expected
            return sum + deviation * deviation / expected
        }
        // Chi-square with f degrees of freedom lies 6 standard deviations above f once in 10⁶ draws for many of them, for one 4 times in
        // 1,000.
        let freedom = Double(candidates.count - 1)
        return statistic < freedom + 6 * (2 * freedom).squareRoot()
    }

    private func candidates(_ dataset: InteractionDataset, user: Int) -> Set<Int32> {
        Set(0..<Int32(dataset.itemCount)).subtracting(dataset.items(of: user))
    }

    @Test(
        "draws are never a positive, and equally likely among the rest", arguments: [1, 2, 3, 4] as [UInt64], bothForms)
    func uniform(seed: UInt64, asBits: Bool) {
        let dataset = randomDataset(users: 7, items: 23, perUser: 12, seed: seed)
        let sampler = NegativeSampler(dataset: dataset, asBits: asBits)
        var random = SplitMix64(seed: seed)
        for user in 0..<dataset.userCount {
            var counts = [Int](repeating: 0, count: dataset.itemCount)
            for _ in 0..<4000 {
                guard let item = sampler.draw(user: user, using: &random) else { break }
                counts[Int(item)] += 1
            }
            let candidates = candidates(dataset, user: user)
            #expect(counts.reduce(0, +) == 4000)
            #expect(sampler.candidateCount(user: user) == candidates.count)
            #expect(areUniform(counts, among: candidates), "seed \(seed), user \(user)")
        }
    }

    @Test("a batch's negatives are never a positive, and equally likely among the rest", arguments: bothForms)
    func uniformBatches(asBits: Bool) {
        var builder = InteractionDataset.Builder()
        // From a history of one item to one that leaves two of 130, which lie in the third word of bits.
        for (user, count) in [1, 64, 100, 128].enumerated() {
            for item in 0..<count { builder.add(userID: "u\(user)", itemID: "\(item)", rating: nil) }
        }
        for item in 128..<130 { builder.add(userID: "another", itemID: "\(item)", rating: nil) }
        let dataset = builder.build()
        let sampler = NegativeSampler(dataset: dataset, asBits: asBits)
        for user in 0..<dataset.userCount {
            let batch = MiniBatch(capacity: 3000, samplesPerGroup: 5)
            batch.groupCount = batch.capacity
            for group in 0..<batch.capacity {
                batch.users[group] = Int32(user)
                batch.items[5 * group] = -7
            }
            sampler.fill(0..<batch.capacity, of: batch, from: SplitMix64.Streams(seed: 3, user), first: 40)
            let items = batch.items.array
            #expect(stride(from: 0, to: items.count, by: 5).allSatisfy { items[$0] == -7 })
            let candidates = candidates(dataset, user: user)
            // Of the whole batch, and of each place in a group.
            for place in 1..<5 {
                var counts = [Int](repeating: 0, count: dataset.itemCount)
                for group in 0..<batch.capacity { counts[Int(items[5 * group + place])] += 1 }
                #expect(areUniform(counts, among: candidates), "user \(user), place \(place)")
            }
        }
    }

    @Test("what a group draws depends on its place alone", arguments: bothForms)
    func independentOfRanges(asBits: Bool) {
        let dataset = randomDataset(users: 40, items: 70, perUser: 50, seed: 5)
        let sampler = NegativeSampler(dataset: dataset, asBits: asBits)
        let streams = SplitMix64.Streams(seed: 11, 2)
        func batch(_ groups: Int, firstUser: Int) -> MiniBatch {
            let batch = MiniBatch(capacity: groups, samplesPerGroup: 7)
            for group in 0..<groups { batch.users[group] = Int32((firstUser + group) % dataset.userCount) }
            return batch
        }
        let whole = batch(100, firstUser: 0)
        sampler.fill(0..<100, of: whole, from: streams, first: 0)
        let parts = batch(100, firstUser: 0)
        for range in [60..<100, 0..<1, 1..<60] { sampler.fill(range, of: parts, from: streams, first: 0) }
        #expect(parts.items.array == whole.items.array)
        let later = batch(30, firstUser: 70)
        sampler.fill(0..<30, of: later, from: streams, first: 70)
        #expect(later.items.array == Array(whole.items.array.suffix(210)))
    }

    @Test("the one item left is drawn; a user who has seen everything gets none", arguments: bothForms)
    func exhausted(asBits: Bool) {
        var builder = InteractionDataset.Builder()
        for item in 0..<5 {
            builder.add(userID: "all", itemID: "i\(item)", rating: nil)
            if item != 3 { builder.add(userID: "but one", itemID: "i\(item)", rating: nil) }
        }
        let sampler = NegativeSampler(dataset: builder.build(), asBits: asBits)
        var random = SplitMix64(seed: 1)
        #expect(sampler.draw(user: 0, using: &random) == nil)
        for _ in 0..<20 { #expect(sampler.draw(user: 1, using: &random) == 3) }
        let batch = MiniBatch(capacity: 2, samplesPerGroup: 6)
        (batch.users[0], batch.users[1]) = (0, 1)
        sampler.fill(0..<2, of: batch, from: SplitMix64.Streams(seed: 1, 1), first: 0)
        #expect(batch.items.array.suffix(5).allSatisfy { $0 == 3 })
    }

    @Test("the smaller form is kept, and draws of a single item do not depend on it")
    func smallerForm() {
        let dense = randomDataset(users: 50, items: 200, perUser: 40, seed: 1)
        let sparse = randomDataset(users: 50, items: 2000, perUser: 4, seed: 1)
        #expect(SeenBits.byteCount(of: dense) < GapTable.byteCount(of: dense))
        #expect(SeenBits.byteCount(of: sparse) > GapTable.byteCount(of: sparse))
        #expect(NegativeSampler(dataset: dense).isOfBits && !NegativeSampler(dataset: sparse).isOfBits)
        for dataset in [dense, sparse] {
            let items = [true, false].map { asBits in
                let sampler = NegativeSampler(dataset: dataset, asBits: asBits)
                var random = SplitMix64(seed: 4)
                return (0..<500).map { sampler.draw(user: $0 % 50, using: &random) }
            }
            #expect(items[0] == items[1])
        }
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
        let gaps = GapTable(dataset: dataset)
        let bits = SeenBits(dataset: dataset)
        for user in 1..<dataset.userCount {
            let others = candidates(dataset, user: user).sorted()
            #expect(others.indices.map { bits.item(ofRank: $0, user: user) } == others, "user \(user)")
            #expect(gaps.item(ofRank: others.count - 1, user: user) == others.last, "user \(user)")
            // Groups of three, the first of whose items is not a rank.
            let batch = MiniBatch(capacity: (others.count + 1) / 2, samplesPerGroup: 3)
            for group in 0..<batch.capacity {
                batch.users[group] = Int32(user)
                batch.items[3 * group] = -7
                for rank in 0..<2 { batch.items[3 * group + 1 + rank] = Int32(min(2 * group + rank, others.count - 1)) }
            }
            gaps.resolve(0..<batch.capacity, of: batch)
            let found = batch.items.array
            #expect(stride(from: 0, to: found.count, by: 3).allSatisfy { found[$0] == -7 })
            let negatives = found.indices.filter { $0 % 3 != 0 }.map { found[$0] }
            #expect(Array(negatives.prefix(others.count)) == others, "user \(user)")
        }
    }

    @Test("numbers can be skipped")
    func skip() {
        var (one, other) = (SplitMix64(seed: 7, 1, 2), SplitMix64(seed: 7, 1, 2))
        for _ in 0..<9 { _ = one.next() }
        other.skip(9)
        #expect(one.next() == other.next())
    }

    @Test("bounded draws cover their range and nothing else", arguments: [1, 2, 3, 10, 1000])
    func below(bound: Int) {
        var random = SplitMix64(seed: 9)
        var seen = Set<Int>()
        for _ in 0..<20 * bound { seen.insert(random.below(bound)) }
        #expect(seen == Set(0..<bound))
    }
}
