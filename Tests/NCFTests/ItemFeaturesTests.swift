import TestSupport
import Testing

@testable import NCF

@Suite("Items drawn to what their features say")
struct ItemFeaturesTests {
    private let data = TagsDecide()
    private let settings = ClosedFormStart()

    private func features(_ dataset: InteractionDataset, minimum: Int = 2) throws -> ItemFeatures {
        try #require(ItemFeatures(data.records(of: dataset).items, settings: FeatureSettings(minimumCount: minimum)))
    }

    @Test("a drawn row is where the objective with its features' row as centre has no slope", arguments: [1, 3])
    func stationary(threads: Int) throws {
        // One item that is known and has no interactions left.
        let whole = data.dataset
        let lost = try #require(whole.itemIDs.index(of: "i4"))
        let dataset = whole.removing(whole.items.map { Int($0) == lost })
        let als = ImplicitALS(dataset: dataset, settings: settings, seed: 1, loop: ParallelLoop(threads: threads))
        let factors = try #require(als.factors(dimension: 4, isCancelled: { false }))
        let features = try features(dataset)
        let expected = try #require(
            factors.expected(by: features, interactions: als.interactionCount(ofItem:), isCancelled: { false }))
        #expect(expected.members == features.members && expected.members.contains(lost))
        als.draw(factors, to: expected)
        let usersOfItems = TransposedInteractions(dataset)
        let alpha = settings.unobservedWeight
        func user(_ u: Int, _ k: Int) -> Double { Double(factors.users[u * 4 + k]) }
        for (place, item) in expected.members.enumerated() {
            let observed = usersOfItems.offsets[item]..<usersOfItems.offsets[item + 1]
            func score(_ u: Int) -> Double {
                (0..<4).reduce(0) { $0 + user(u, $1) * Double(factors.items[item * 4 + $1]) }
            }
            let penalty = settings.regularization * (Double(observed.count) + alpha * Double(dataset.userCount))
            for k in 0..<4 {
                var slope = penalty * Double(factors.items[item * 4 + k] - expected.rows[place * 4 + k])
                for u in 0..<dataset.userCount { slope += alpha * score(u) * user(u, k) }
                for position in observed {
                    let u = Int(usersOfItems.users[position])
                    slope += (score(u) - 1) * user(u, k)
                }
                #expect(abs(slope) < 1e-3, "item \(item), element \(k)")
            }
        }
    }

    @Test(
        "an item that one stray user took comes nearer to those who like its colour",
        arguments: [Architecture.mf, .neumf, .mlp])
    func stray(architecture: Architecture) throws {
        var builder = InteractionDataset.Builder()
        let base = data.dataset
        for user in 0..<base.userCount {
            for place in base.interactions(of: user) {
                builder.add(
                    userID: base.userIDs[user], itemID: base.itemIDs[Int(base.items[place])], rating: nil,
                    timestamp: base.timestamps[place])
            }
        }
        builder.add(userID: "u0", itemID: "i101", rating: nil, timestamp: 20)
        let dataset = builder.build()
        let item = try #require(dataset.itemIDs.index(of: "i101"))
        var records = data.records(of: dataset).items
        records[item] = data.record(item: 101)
        let settings = Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 4, mlpEmbeddingDimension: 4,
            hiddenLayerSizes: [8, 4], start: settings, epochs: architecture == .mlp ? 1 : 0, batchSize: 64,
            learningRate: 1e-6, earlyStopping: 0, threads: 1)
        func lead(_ features: ItemFeatures?) throws -> Float {
            let trained = try Trainer(dataset: dataset, hyperparameters: settings, features: features).train()
            if architecture == .mlp {
                // The tower is random at first: the embedding itself, against the mean one of either colour.
                return colourLead(trained.parameters, of: item, in: dataset)
            }
            return (0..<dataset.userCount).reduce(0) { sum, user in
                let likesBlue = !data.likesRed(Int(dataset.userIDs[user].dropFirst()) ?? 0)
                return sum + (likesBlue ? 1 : -1) * trained.parameters.logit(user: user, item: item)
            }
        }
        let features = try #require(ItemFeatures(records, settings: FeatureSettings(minimumCount: 2)))
        #expect(try lead(features) > lead(nil))
    }

    /// How much nearer an item's MLP embedding lies to the mean of the blue ones than to the mean of the red ones.
    private func colourLead(_ parameters: ModelParameters, of item: Int, in dataset: InteractionDataset) -> Float {
        let m = parameters.mlpEmbeddingDimension
        func mean(red: Bool) -> [Float] {
            let others = (0..<data.items).filter { data.isRed($0) == red }.compactMap {
                dataset.itemIDs.index(of: "i\($0)")
            }
            return (0..<m).map { k in others.reduce(0) { $0 + parameters.itemMLP[$1 * m + k] } / Float(others.count) }
        }
        func distance(_ mean: [Float]) -> Float {
            (0..<m).reduce(0) { sum, k in
                let difference = parameters.itemMLP[item * m + k] - mean[k]
                return sum + difference * difference
            }
        }
        return distance(mean(red: true)) - distance(mean(red: false))
    }

    @Test("a checkpoint of other features is as good as none")
    func checkpoint() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("checkpoint")
        let dataset = data.dataset
        let settings = Hyperparameters(
            architecture: .mf, objective: .implicit, embeddingDimension: 4, start: settings, epochs: 2, batchSize: 64,
            learningRate: 0.01, earlyStopping: 0, threads: 1)
        func train(_ features: ItemFeatures?, _ checkpoint: String?) throws -> ModelParameters {
            try Trainer(dataset: dataset, hyperparameters: settings, features: features)
                .train(checkpoint: checkpoint).parameters
        }
        let (some, others) = (try features(dataset), try features(dataset, minimum: 12))
        #expect(some.fingerprint == (try features(dataset)).fingerprint)
        #expect(some.fingerprint != others.fingerprint)
        let fresh = try (train(some, nil), train(others, nil), train(nil, nil))
        #expect(fresh.0 != fresh.1 && fresh.0 != fresh.2)
        #expect(try train(some, path) == fresh.0)
        #expect(try train(others, path) == fresh.1)
        #expect(try train(nil, path) == fresh.2)
    }

    @Test("records without features are no features")
    func none() {
        #expect(ItemFeatures([:], settings: FeatureSettings()) == nil)
        #expect(
            ItemFeatures([0: FeatureRecord(), 1: FeatureRecord()], settings: FeatureSettings(minimumCount: 1)) == nil)
    }
}
