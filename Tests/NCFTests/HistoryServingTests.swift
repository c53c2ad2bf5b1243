import Testing

@testable import NCF

@Suite("Serving users with their histories")
struct HistoryServingTests {
    private let scratch = ScratchDirectory()

    private func snapshot(_ architecture: Architecture, version: Int = 1) -> ModelSnapshot {
        let data = ServingFixture.dataset(users: 6, items: 20, seed: 7)
        return ModelSnapshot(
            version: version, dataset: data,
            parameters: ServingFixture.parametersWithHistory(architecture, data, seed: 7),
            lineage: ServingFixture.lineage())
    }

    @Test("a snapshot with histories comes back after a restart, beside one without", arguments: Architecture.allCases)
    func roundTrip(architecture: Architecture) throws {
        let store = try ModelStore(directory: scratch.path, keep: 5)
        let (plain, snapshot) = (ServingFixture.snapshot(version: 1, architecture), snapshot(architecture, version: 2))
        try store.publish(plain)
        try store.publish(snapshot)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 2)
        let loaded = try #require(restarted.current)
        #expect(loaded.model.history?.weight == 0.25)
        #expect(loaded.foldIn(items: [3, 1, 4]) == snapshot.foldIn(items: [3, 1, 4]))
        #expect(loaded.explain(user: 2, items: [0, 9]) == snapshot.explain(user: 2, items: [0, 9]))
        try restarted.publish(version: 1)
        #expect(restarted.current?.model.history == nil)
        #expect(restarted.current?.foldIn(items: [3, 1, 4]) == plain.foldIn(items: [3, 1, 4]))
    }

    @Test(
        "an explanation says exactly what a score loses without an item of the history",
        arguments: Architecture.allCases)
    func explanation(architecture: Architecture) throws {
        let snapshot = snapshot(architecture)
        let table = try #require(snapshot.model.history)
        let (user, history) = (3, snapshot.seenItems(of: 3))
        let vector = snapshot.model.vector(of: user)
        #expect(history.count > 2)
        for explanation in snapshot.explain(user: user, items: [0, 5, 11], reasons: 50) {
            let item = Int32(explanation.item)
            let whole = snapshot.score(user: user, items: [item])[0]
            #expect(abs(explanation.parts.sum - whole) < 1e-5)
            let losses = history.map {
                (Int($0), whole - snapshot.model.score(table.removing([$0].history, from: vector), items: [item])[0])
            }
            let helping = losses.filter { $0.1 > 0 }
            #expect(explanation.becauseOf.map(\.item).sorted() == helping.map(\.0).sorted())
            for reason in explanation.becauseOf {
                let loss = try #require(losses.first { $0.0 == reason.item })
                #expect(abs(reason.score - loss.1) < 1e-5)
            }
        }
    }

    @Test("a user without a history of its own is what the history says and the mean user, where users do not differ")
    func foldIn() throws {
        let data = ServingFixture.dataset(users: 6, items: 20, seed: 7)
        var parameters = ServingFixture.parametersWithHistory(.mf, data, seed: 7)
        let zero = UserVector(gmf: Array(repeating: 0, count: 5), mlp: [], bias: 0)
        parameters.history?.ownVariance = zero
        let snapshot = ModelSnapshot(
            version: 1, dataset: data, parameters: parameters, lineage: ServingFixture.lineage())
        let history: [Int32] = [2, 9, 14]
        let expected = try #require(snapshot.model.history).adding(history.history, to: snapshot.prior.user)
        let found = snapshot.foldIn(items: history + [9, -1, 20])
        // A little freedom is left to every element, for a regular system.
        for (left, right) in zip(found.gmf + [found.bias], expected.gmf + [expected.bias]) {
            #expect(abs(left - right) < 0.02)
        }
        #expect(snapshot.foldIn(items: []) == snapshot.prior.user)
        #expect(snapshot.foldIn(items: history, weights: [1, 0, 1]) == snapshot.foldIn(items: [2, 14]))
    }

    @Test("what a tower's history adds to its user's bias is taken off the items in it too")
    func biasOfBag() throws {
        let snapshot = snapshot(.mlp)
        let table = try #require(snapshot.model.history)
        let (samples, positives) = snapshot.foldInSamples(items: [3, 9], weights: nil, ratings: nil)
        let shifts = snapshot.foldIn(around: snapshot.prior)
            .bagShifts(samples, snapshot.model.gather(samples.map(\.item)))
        #expect(positives == 2)
        #expect(shifts.prefix(2).elementsEqual([9, 3].map { table.weight * table.bias[$0] }))
    }

    @Test(
        "a trained model folds in a user it has not seen, by the history alone", arguments: [Architecture.mf, .neumf])
    func foldsInColours(architecture: Architecture) throws {
        let data = Checkerboard(side: 24).dataset()
        let settings = Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 4, mlpEmbeddingDimension: 3,
            hiddenLayerSizes: [8, 4], start: ClosedFormStart(sweeps: 6, regularization: 0.01, unobservedWeight: 0.1),
            history: HistoryBag(dimension: 4, regularization: 5), epochs: 1, learningRate: 0.001)
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        let snapshot = ModelSnapshot(
            version: 1, dataset: data, parameters: result.parameters, lineage: ServingFixture.lineage())
        let even = (0..<data.itemCount).filter { (Int(data.itemIDs[$0]) ?? 0) % 2 == 0 }
        let history = even.prefix(4).map(Int32.init)
        let answer = snapshot.recommend(for: snapshot.foldIn(items: history), limit: 8, hiding: history)
        #expect(answer.allSatisfy { even.contains($0.item) })
    }
}
