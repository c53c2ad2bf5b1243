import Testing

@testable import NCF

@Suite("The regression on neighbours")
struct NeighbourRegressionTests {
    private func columns(
        _ data: InteractionDataset, neighbours: Int, order: HistoryOrder? = nil, evidence: HistoryEvidence = .none,
        keeping entries: Int? = nil, threads: Int = 1
    ) throws -> NeighbourRegression.Columns {
        let regression = NeighbourRegression(
            dataset: data, neighbours: neighbours, penalty: 2, order: order, evidence: evidence, entriesKept: entries,
            loop: ParallelLoop(threads: threads))
        return try #require(regression.columns(isCancelled: { false }))
    }

    /// F, G and the nearest items straight from their definitions, in double precision.
    private struct Definition {
        var following: [[Double]]
        var gram: [[Double]]

        init(_ data: InteractionDataset, order: HistoryOrder?, evidence: HistoryEvidence) {
            let size = data.itemCount
            following = Array(repeating: Array(repeating: 0, count: size), count: size)
            gram = following
            let weights = ItemItemRegression.userWeights(of: data).map(Double.init)
            for user in 0..<data.userCount {
                let own = data.interactions(of: user)
                for left in own {
                    for right in own {
                        let (i, j) = (Int(data.items[left]), Int(data.items[right]))
                        let both =
                            weights[user] * Double(evidence.factor(of: data.weights[left]))
                            * Double(evidence.factor(of: data.weights[right]))
                        guard left != right else {
                            gram[i][i] += both
                            continue
                        }
                        let distance = abs(left - right)
                        let left = (place: left, time: data.timestamps[left])
                        let isTied = left.time == data.timestamps[right]
                        let share = order == nil || isTied ? 0.5 : left.place < right ? 1 : 0
                        let factor = order?.factors(longest: 100)[distance] ?? 1
                        following[i][j] += share * both * Double(factor)
                    }
                }
            }
            for i in 0..<size {
                for j in 0..<size where i != j { gram[i][j] = following[i][j] + following[j][i] }
            }
        }

        func nearest(to item: Int, _ count: Int) -> [Int] {
            let met = gram.indices.filter { $0 != item && gram[item][$0] > 0 }
            return met.sorted { left, right in
                let first = gram[item][left] / gram[left][left].squareRoot()
                let second = gram[item][right] / gram[right][right].squareRoot()
                return abs(first - second) > 1e-9 ? first > second : left < right
            }.prefix(count).sorted()
        }

        /// What the nearest say for an item.
        func weights(for item: Int, _ count: Int, backward: Double?) -> [Int: Double] {
            let nearest = nearest(to: item, count)
            let system = nearest.map { row in nearest.map { gram[row][$0] + (row == $0 ? 2 : 0) } }
            let told = nearest.map { following[$0][item] + (backward ?? 1) * following[item][$0] }
            let solved = inverse(system).map { row in zip(row, told).reduce(0) { $0 + $1.0 * $1.1 } }
            return Dictionary(uniqueKeysWithValues: zip(nearest, solved))
        }
    }

    /// Histories of some items each, two of them at a time, of different weights.
    private func histories(seed: UInt64) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: seed)
        for user in 0..<60 {
            for place in 0..<6 {
                builder.add(
                    userID: "u\(user)", itemID: "i\(random.below(14))", rating: nil,
                    weight: Float(1 + random.below(3)), timestamp: Int64(1 + place / 2))
            }
        }
        return builder.build()
    }

    @Test("each item is told by the least squares over its nearest", arguments: [3, 20])
    func definition(neighbours: Int) throws {
        let data = histories(seed: 5)
        let evidence = HistoryEvidence(exponent: 1, of: data)
        for order in [nil, HistoryOrder(halfLife: 2, backward: 0.25)] {
            for evidence in [.none, evidence] {
                let expected = Definition(data, order: order, evidence: evidence)
                let found = try columns(data, neighbours: neighbours, order: order, evidence: evidence)
                for item in 0..<data.itemCount {
                    let weights = expected.weights(for: item, neighbours, backward: order?.backward)
                    let entries = found.entries(of: item)
                    #expect(found.items[entries].map(Int.init) == weights.keys.sorted(), "item \(item)")
                    for entry in entries {
                        let weight = weights[Int(found.items[entry])] ?? .nan
                        #expect(abs(Double(found.weights[entry]) - weight) < 1e-4, "item \(item)")
                    }
                }
            }
        }
    }

    @Test("of all items it is the regression of each on all others, in which none is its own")
    func allOfThem() throws {
        let data = randomDataset(users: 200, items: 12, perUser: 5, seed: 3)
        let (near, all) = (
            try columns(data, neighbours: 12).table(itemCount: 12, times: 1),
            try #require(
                ItemItemRegression(dataset: data, regularization: 2, seed: 9, loop: ParallelLoop(threads: 1))
                    .factors(rank: 12, isCancelled: { false }))
        )
        for row in 0..<12 {
            for column in 0..<12 {
                #expect(abs(Double(near.weight(of: row, for: column)) - all.relation(row, column)) < 1e-3)
            }
        }
    }

    @Test("the same for any number of threads, and where entries are kept one by one")
    func repeatable() throws {
        let data = histories(seed: 8)
        let order = HistoryOrder(halfLife: 3, backward: 0.5)
        let one = try columns(data, neighbours: 5, order: order)
        #expect(one.items.count > 50)
        for (entries, threads) in [(nil, 3), (10_000, 1), (10_000, 2)] {
            let other = try columns(data, neighbours: 5, order: order, keeping: entries, threads: threads)
            #expect(other.items == one.items && other.weights == one.weights)
        }
    }

    @Test("of a large catalogue the greatest entries are kept, and others are what frequency lets expect")
    func greatest() throws {
        let data = randomDataset(users: 90, items: 30, perUser: 8, seed: 4)
        let loop = ParallelLoop(threads: 1)
        let weights = ItemItemRegression.userWeights(of: data)
        func meetings(_ entries: Int?) throws -> ItemMeetings {
            try #require(
                ItemMeetings(
                    of: data, weights: weights, nil, .none, nearest: 4, keeping: entries, loop: loop,
                    isCancelled: { false }))
        }
        let (all, some) = (try meetings(nil), try meetings(30 * 8))
        let places = AlignedBuffer<Int32>(count: 30, repeating: -1)
        let items = (0..<30).map { ItemMeetings.Neighbour(item: $0, told: 0) }
        let (exact, kept) = (all.gram(of: items, places), some.gram(of: items, places))
        var sums = [Float](repeating: 0, count: 30)
        for i in 0..<30 {
            for j in i + 1..<30 {
                sums[i] += exact[i * 30 + j]
                sums[j] += exact[i * 30 + j]
            }
        }
        let total = sums.reduce(0, +)
        var (same, expected) = (0, 0)
        for i in 0..<30 {
            for j in i + 1..<30 {
                let (entry, mean) = (kept[i * 30 + j], sums[i] * sums[j] / total)
                if abs(entry - exact[i * 30 + j]) < 1e-3 {
                    same += 1
                } else if abs(entry - mean) < 1e-3 {
                    expected += 1
                }
            }
        }
        #expect(same + expected == 30 * 29 / 2 && same > 100 && expected > 50, "\(same), \(expected)")
        #expect(places.array.allSatisfy { $0 == -1 })
    }

    @Test("it ends when it is told to")
    func cancelled() {
        for limit in 1...2 {
            var asked = 0
            let columns = NeighbourRegression(
                dataset: randomDataset(users: 30, items: 40, perUser: 4, seed: 1), neighbours: 3, penalty: 1,
                loop: ParallelLoop(threads: 1)
            ).columns {
                asked += 1
                return asked == limit
            }
            #expect(columns == nil && asked == limit)
        }
    }

    @Test("nobody and nothing is told by nothing")
    func empty() throws {
        #expect(try columns(InteractionDataset.Builder().build(), neighbours: 3).items.isEmpty)
        #expect(try columns(oneHistory(weights: [1]), neighbours: 3).items.isEmpty)
        #expect(try columns(oneHistory(weights: [1, 1]), neighbours: 3).items == [1, 0])
    }
}
