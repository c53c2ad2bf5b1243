import Testing

@testable import NCF

@Suite("What features say of which items go together")
struct FeatureCohesionTests {
    /// Items of which each has one of three labels, and an image of two numbers.
    private func features(items: Int, seed: UInt64 = 3) throws -> ItemFeatures {
        var random = SplitMix64(seed: seed)
        var records: [Int: FeatureRecord] = [:]
        // The last has nothing.
        for item in 0..<items - 1 {
            var record = FeatureRecord()
            record.add(.tags, "", .labels(["t\(item % 3)"]))
            record.add(
                .vector, "image",
                .vector([Float(random.nextNormal()), Float(random.nextNormal()), item % 2 == 0 ? 2 : -2]))
            records[item] = record
        }
        return try #require(ItemFeatures(records, settings: FeatureSettings(minimumCount: 1)))
    }

    /// The definition, in double precision: what is added to G.
    private func added(_ features: ItemFeatures, _ gram: [[Double]], weight: Double) -> [[Double]] {
        let size = gram.count
        var columns = Array(repeating: Array(repeating: 0.0, count: size), count: features.featureCount)
        for (member, row) in zip(features.members, features.rows) {
            for (index, value) in zip(row.indices, row.weights) { columns[Int(index)][member] = Double(value) }
        }
        for f in columns.indices {
            let there = columns[f].filter { $0 != 0 }
            let scale = (Double(there.count) / there.reduce(0) { $0 + $1 * $1 }).squareRoot()
            columns[f] = columns[f].map { scale * $0 }
        }
        let pairs = (0..<size).flatMap { i in (0..<size).filter { $0 != i }.map { (i, $0) } }
        let g = (0..<size).map { i in pairs.filter { $0.0 == i }.reduce(0) { $0 + gram[$1.0][$1.1] } }
        let total = g.reduce(0, +)
        let found = columns.map { x in
            pairs.reduce(0) { $0 + x[$1.0] * x[$1.1] * (gram[$1.0][$1.1] - g[$1.0] * g[$1.1] / total) }
        }
        let expected = columns.map { x in
            pairs.reduce(0) { $0 + abs(x[$1.0] * x[$1.1]) * g[$1.0] * g[$1.1] / total }
        }
        var result = Array(repeating: Array(repeating: 0.0, count: size), count: size)
        for field in features.fields {
            let share = field.reduce(0) { $0 + found[$1] } / field.reduce(0) { $0 + expected[$1] }
            for f in field {
                let excess = (found[f] + 30 * share) / (expected[f] + 30) * expected[f]
                let norm = (0..<size).reduce(0) { $0 + columns[f][$1] * columns[f][$1] * g[$1].squareRoot() }
                guard excess > 0 else { continue }
                for i in 0..<size {
                    for j in 0..<size {
                        let roots = (g[i] * g[j]).squareRoot()
                        result[i][j] += weight * excess * columns[f][i] * columns[f][j] * roots / (norm * norm)
                    }
                }
            }
        }
        return result
    }

    @Test("as many pairs count as seen as the definition says, with an order or without", arguments: [1, 3])
    func definition(threads: Int) throws {
        let size = 11
        let features = try features(items: size)
        #expect(features.fields.count == 2)
        var random = SplitMix64(seed: 8)
        // M, whose symmetric part without the diagonal is G.
        var ordered = Array(repeating: Array(repeating: 0.0, count: size), count: size)
        for i in 0..<size {
            for j in 0..<size where i % 3 == j % 3 || random.below(3) == 0 {
                ordered[i][j] = Double(1 + random.below(9))
            }
        }
        var gram = ordered
        for i in 0..<size {
            for j in 0..<size where i != j { gram[i][j] = ordered[i][j] + ordered[j][i] }
        }
        let expected = added(features, gram, weight: 1.5)
        #expect(expected[0][3] > 0.1, "features of which nothing comes prove nothing")
        let data = randomDataset(users: 40, items: size, perUser: 5, seed: 2)
        let selection = ItemSelection(data, limit: size)
        #expect(selection.items == Array(0..<size))
        for isOrdered in [false, true] {
            let matrix = AlignedBuffer<Float>(count: size * size, repeating: 0)
            for i in 0..<size {
                for j in 0..<size where isOrdered || i <= j {
                    matrix[i * size + j] = Float(isOrdered ? ordered[i][j] : gram[i][j])
                }
            }
            let before = matrix.array
            try #require(FeatureCohesion(of: features, among: selection, loop: ParallelLoop(threads: threads)))
                .add(weight: 1.5, to: matrix, isOrdered: isOrdered)
            for i in 0..<size {
                for j in i..<size {
                    func change(_ i: Int, _ j: Int) -> Double { Double(matrix[i * size + j] - before[i * size + j]) }
                    let told = isOrdered && i != j ? change(i, j) + change(j, i) : change(i, j)
                    #expect(abs(told - expected[i][j]) < 1e-3 * max(1, expected[i][j]), "\(i), \(j), \(isOrdered)")
                    if isOrdered { #expect(abs(change(i, j) - change(j, i)) < 1e-3) }
                }
            }
        }
    }

    @Test("items of one label speak for each other though they were never met; of labels that say nothing none does")
    func unmet() throws {
        // Either half of the users has its own half of the items, in pairs that no one else took.
        var builder = InteractionDataset.Builder()
        for user in 0..<60 {
            let first = 2 * (user % 12)
            for item in ["i\(first)", "i\(first + 1)", user % 12 < 6 ? "left" : "right"] {
                builder.add(userID: "u\(user)", itemID: item, rating: nil, timestamp: 1)
            }
        }
        let data = builder.build()
        func place(_ name: String) throws -> Int { try #require(data.itemIDs.index(of: name)) }
        var records: [Int: FeatureRecord] = [:]
        for item in 0..<24 {
            var record = FeatureRecord()
            record.add(.attribute, "side", .labels([item < 12 ? "left" : "right"]))
            record.add(.attribute, "noise", .labels(["n\(item % 2)"]))
            records[try place("i\(item)")] = record
        }
        func relations(_ settings: FeatureSettings?, threads: Int = 1) throws -> ItemItemFactors {
            let features = settings.flatMap { ItemFeatures(records, settings: $0) }
            let regression = ItemItemRegression(
                dataset: data, regularization: 5, features: features, featureWeight: 10, seed: 9,
                loop: ParallelLoop(threads: threads))
            return try #require(regression.factors(rank: 26, isCancelled: { false }))
        }
        let (plain, told) = (try relations(nil), try relations(FeatureSettings(minimumCount: 1)))
        let noise = try relations(FeatureSettings(attributes: .only(["noise"]), minimumCount: 1))
        let (item, same, other) = (try place("i0"), try place("i5"), try place("i16"))
        #expect(told.relation(item, same) > plain.relation(item, same) + 0.01)
        #expect(told.relation(item, other) < plain.relation(item, other) + 1e-4)
        #expect(abs(noise.relation(item, same) - plain.relation(item, same)) < 1e-4)
        #expect(try relations(FeatureSettings(minimumCount: 1), threads: 3).remembered == told.remembered)
    }

    @Test("a feature that is not looked at says nothing, and nothing of its field's others")
    func leftOut() throws {
        let data = randomDataset(users: 40, items: 9, perUser: 4, seed: 2)
        func cohesion(_ labels: [String]) throws -> FeatureCohesion {
            var records: [Int: FeatureRecord] = [:]
            for item in 0..<9 {
                records[item] = FeatureRecord()
                records[item]?.add(.tags, "", .labels(labels.filter { $0 == "all" || $0 == "t\(item % 3)" }))
            }
            let features = try #require(ItemFeatures(records, settings: FeatureSettings(minimumCount: 1)))
            let selection = ItemSelection(data, limit: 9)
            return try #require(FeatureCohesion(of: features, among: selection, loop: ParallelLoop(threads: 1)))
        }
        let meetings = (0..<9).map { Double(20 + $0) }
        let three = try cohesion(["t0", "t1", "t2"]).factors(weight: 2, meetings: meetings, products: [30, 25, 40])
        let four = try cohesion(["all", "t0", "t1", "t2"])
            .factors(weight: 2, meetings: meetings, products: [.nan, 30, 25, 40])
        #expect(four == [0] + three && three.allSatisfy { $0 > 0 })
    }

    @Test("nothing is there to add where no regressed item has a feature")
    func none() throws {
        // The last item is taken less often than the others, and not regressed.
        var builder = InteractionDataset.Builder()
        for item in 0..<4 {
            for user in 0..<6 - item {
                builder.add(userID: "u\(user)", itemID: "i\(item)", rating: nil, timestamp: 1)
            }
        }
        let selection = ItemSelection(builder.build(), limit: 3)
        #expect(selection.items == [0, 1, 2])
        let only = try #require(ItemFeatures([3: record()], settings: FeatureSettings(minimumCount: 1)))
        let loop = ParallelLoop(threads: 1)
        #expect(FeatureCohesion(of: only, among: selection, loop: loop) == nil)
        #expect(FeatureCohesion(of: try features(items: 4), among: selection, loop: loop) != nil)
    }

    private func record() -> FeatureRecord {
        var record = FeatureRecord()
        record.add(.tags, "", .labels(["new"]))
        return record
    }
}
