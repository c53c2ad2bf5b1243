import Testing

@testable import NCF

@Suite("Neighbours by what items are")
struct NeighbourFeaturesTests {
    private func features(_ data: InteractionDataset, label: (String) -> [String]) throws -> ItemFeatures {
        var records: [Int: FeatureRecord] = [:]
        for item in 0..<data.itemCount {
            records[item] = FeatureRecord()
            records[item]?.add(.tags, "", .labels(label(data.itemIDs[item])))
        }
        return try #require(ItemFeatures(records, settings: FeatureSettings(minimumCount: 1)))
    }

    @Test("meetings are those of the regression of all items with the same features, with an order or without")
    func asInTheMatrix() throws {
        let data = randomDataset(users: 60, items: 15, perUser: 5, seed: 3)
        let features = try features(data) {
            ["t\((Int($0.dropFirst()) ?? 0) % 3)", "u\((Int($0.dropFirst()) ?? 0) % 2)"]
        }
        let loop = ParallelLoop(threads: 2)
        let all = ItemSelection(everythingIn: data)
        let cohesion = try #require(FeatureCohesion(of: features, among: all, loop: loop))
        let places = AlignedBuffer<Int32>(count: 15, repeating: -1)
        let items = (0..<Int32(15)).map { ItemMeetings.Neighbour(item: $0, told: 0) }
        for order in [nil, HistoryOrder(halfLife: 2, backward: 0.5)] {
            func gram(_ told: (FeatureCohesion, Double)?, keeping entries: Int? = nil) throws -> [Float] {
                try #require(
                    ItemMeetings(
                        of: data, weights: ItemItemRegression.userWeights(of: data), order, .none, told: told,
                        nearest: 15, keeping: entries, loop: loop, isCancelled: { false })
                ).gram(of: items, places)
            }
            let (plain, told) = (try gram(nil), try gram((cohesion, 4)))
            let matrix = AlignedBuffer<Float>(count: 15 * 15, repeating: 0)
            for index in 0..<15 * 15 { matrix[index] = plain[index] }
            cohesion.add(weight: 4, to: matrix, isOrdered: false)
            var greatest: Float = 0
            for i in 0..<15 {
                for j in i..<15 {
                    let (expected, found) = (matrix[i * 15 + j], told[i * 15 + j])
                    #expect(abs(expected - found) < 1e-3 * max(1, expected), "\(i), \(j)")
                    greatest = max(greatest, found - plain[i * 15 + j])
                }
            }
            #expect(greatest > 0.01)
            // Of a pair one entry is kept or the other, which round otherwise.
            let kept = try gram((cohesion, 4), keeping: 10_000)
            #expect(zip(kept, told).allSatisfy { abs($0 - $1) < 1e-5 * max(1, $1) })
        }
    }

    @Test("an item that was met with none of its shelf is told by it, and by no other shelf")
    func unmet() throws {
        var builder = InteractionDataset.Builder()
        PlantedData.addShelves(10, of: 20, users: 300, to: &builder)
        // It was taken by one who took nothing else of any shelf.
        builder.add(userID: "alone", itemID: "25", rating: nil, timestamp: 1)
        builder.add(userID: "alone", itemID: "other", rating: nil, timestamp: 1)
        let data = builder.build()
        func shelf(_ id: String) -> String { Int(id).map { "shelf \($0 / 20)" } ?? "none" }
        let features = try features(data) { [shelf($0)] }
        func columns(_ weight: Double, threads: Int = 1) throws -> NeighbourRegression.Columns {
            let regression = NeighbourRegression(
                dataset: data, neighbours: 15, penalty: 20, features: features, featureWeight: weight,
                loop: ParallelLoop(threads: threads))
            return try #require(regression.columns(isCancelled: { false }))
        }
        let (plain, told) = (try columns(0), try columns(30))
        func shelfmates(_ columns: NeighbourRegression.Columns) -> (own: Int, others: Int) {
            (0..<data.itemCount).reduce(into: (0, 0)) { counts, item in
                for entry in columns.entries(of: item) where columns.weights[entry] > 1e-4 {
                    let isOwn = shelf(data.itemIDs[Int(columns.items[entry])]) == shelf(data.itemIDs[item])
                    counts.0 += isOwn ? 1 : 0
                    counts.1 += isOwn ? 0 : 1
                }
            }
        }
        let (before, after) = (shelfmates(plain), shelfmates(told))
        #expect(after.own > before.own * 3 / 2, "\(before), \(after)")
        #expect(after.others <= before.others)
        let again = try columns(30, threads: 3)
        #expect(again.items == told.items && again.weights == told.weights)
    }
}
