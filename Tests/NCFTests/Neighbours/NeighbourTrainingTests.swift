import Testing

@testable import NCF

@Suite("Training with neighbours")
struct NeighbourTrainingTests {
    private func settings(_ history: HistoryBag, threads: Int = 1) -> Hyperparameters {
        Hyperparameters(
            architecture: .mf, objective: .implicit, embeddingDimension: 4,
            start: ClosedFormStart(sweeps: 6, regularization: 0.05, unobservedWeight: 0.1), history: history, epochs: 0,
            earlyStopping: 0, threads: threads)
    }

    /// Users who take some of a hundred pairs of items, one after the other, or walk along a circle of as many.
    private func walks(_ steps: Int, pairs: Bool) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 6)
        for user in 0..<400 {
            var item = random.below(100)
            for step in 0..<steps {
                if pairs, step % 2 == 0 { item = 2 * random.below(50) } else if step > 0 { item = (item + 1) % 100 }
                builder.add(userID: "u\(user)", itemID: "\(item)", rating: nil, timestamp: Int64(1 + step))
            }
        }
        return builder.build()
    }

    private func model(
        _ data: InteractionDataset, _ history: HistoryBag, threads: Int = 1
    ) throws -> (snapshot: ModelSnapshot, result: TrainingResult) {
        let result = try Trainer(dataset: data, hyperparameters: settings(history, threads: threads)).train()
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: data.interactionCount,
            hyperparameters: result.hyperparameters)
        return (
            ModelSnapshot(version: 1, dataset: data, parameters: result.parameters, lineage: lineage), result
        )
    }

    @Test("who takes one of a pair is told of the other, with embeddings beside the neighbours or without")
    func pairs() throws {
        let data = walks(6, pairs: true)
        for dimension in [0, 8] {
            let (snapshot, result) = try model(
                data, HistoryBag(dimension: dimension, regularization: 12, neighbours: 10, neighbourShare: 0.5))
            #expect(snapshot.model.gmfWidth == 4 + dimension)
            #expect(result.reports.map(\.isClosedForm) == [true])
            let found = try (0..<100).count { item in
                let index = try #require(data.itemIDs.index(of: "\(item)"))
                let vector = snapshot.foldIn(items: [Int32(index)])
                let best = try #require(snapshot.recommend(for: vector, limit: 1, hiding: [Int32(index)]).first)
                return data.itemIDs[best.item] == "\(item ^ 1)"
            }
            #expect(found >= 98, "\(dimension)")
        }
    }

    @Test("with an order an item is told by what comes before it")
    func order() throws {
        let data = walks(5, pairs: false)
        let (snapshot, _) = try model(
            data, HistoryBag(dimension: 0, regularization: 12, halfLife: 3, backward: 0, neighbours: 10))
        let found = try (0..<100).count { item in
            let index = try #require(data.itemIDs.index(of: "\(item)"))
            let vector = snapshot.foldIn(items: [Int32(index)])
            let best = try #require(snapshot.recommend(for: vector, limit: 1, hiding: [Int32(index)]).first)
            return data.itemIDs[best.item] == "\((item + 1) % 100)"
        }
        #expect(found >= 98)
    }

    @Test("a model of a part of the data scores as it was measured, and takes the rest for news when it is done again")
    func part() throws {
        let data = walks(6, pairs: true)
        let (train, held) = data.split(.leaveOneOut, seed: 3)
        for halfLife in [0.0, 4] {
            let history = HistoryBag(dimension: 8, regularization: 12, halfLife: halfLife, neighbours: 10)
            let result = try Trainer(dataset: train, hyperparameters: settings(history)).train()
            let lineage = Lineage(
                createdAt: 0, dataWatermark: 0, interactionCount: 0, hyperparameters: result.hyperparameters)
            let measured = ModelSnapshot(version: 1, dataset: train, parameters: result.parameters, lineage: lineage)
            let served = ModelSnapshot(
                version: 1, dataset: data, parameters: result.parameters, lineage: lineage,
                histories: data.resting(on: train))
            for user in 0..<data.userCount {
                #expect(served.scores(user: user) == measured.scores(user: user))
                #expect(served.likedItems(of: user) == measured.likedItems(of: user))
                #expect(served.seenItems(of: user) == Array(data.items(of: user)))
                #expect(
                    served.foldIn(user: user, newer: held.items[user])
                        == measured.foldIn(user: user, newer: held.items[user]))
            }
            #expect(data.resting(on: data).weights == data.weights)
        }
    }

    @Test("of whom nothing was learned is told by its neighbours like a stranger who did the same")
    func rare() throws {
        var builder = InteractionDataset.Builder()
        let data = walks(6, pairs: true)
        for user in 0..<data.userCount {
            for place in data.interactions(of: user) {
                builder.add(
                    userID: data.userIDs[user], itemID: data.itemIDs[Int(data.items[place])], rating: nil,
                    timestamp: data.timestamps[place])
            }
        }
        for item in [4, 30, 57] { builder.add(userID: "rare", itemID: "\(item)", rating: nil, timestamp: 1) }
        let all = builder.build()
        var rules = CleaningRules()
        rules.minimumUserInteractions = 4
        let (served, core) = all.inspected(by: rules)
        for dimension in [0, 8] {
            let history = HistoryBag(dimension: dimension, regularization: 12, neighbours: 10)
            var result = try Trainer(dataset: core.learned(from: served), hyperparameters: settings(history)).train()
            result.parameters = try #require(core.completing(result, served: served, all: all))
            let lineage = Lineage(
                createdAt: 0, dataWatermark: 0, interactionCount: 0, hyperparameters: result.hyperparameters)
            let snapshot = ModelSnapshot(
                version: 1, dataset: served, parameters: result.parameters, lineage: lineage,
                histories: core.histories(served: served, all: all))
            let user = try #require(all.userIDs.index(of: "rare"))
            let items = Array(all.items(of: user))
            let stranger = snapshot.foldIn(items: items)
            #expect(stranger.related.isEmpty == false && snapshot.model.related(of: user) == stranger.related)
            let (known, own) = (snapshot.scores(user: user), snapshot.model.score(stranger, items: Array(0..<100)))
            #expect(zip(known, own).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(snapshot.likedItems(of: user) == items && snapshot.seenItems(of: user) == items)
            // Everybody else as before.
            let plain = ModelSnapshot(version: 1, dataset: served, parameters: result.parameters, lineage: lineage)
            #expect(snapshot.scores(user: 3) == plain.scores(user: 3) && plain.scores(user: user) != known)
        }
        #expect(all.inspected(by: CleaningRules()).core.histories(served: all, all: all) == nil)
    }

    @Test("the same bytes for any number of threads")
    func repeatable() throws {
        let data = walks(6, pairs: true)
        for history in [
            HistoryBag(dimension: 8, regularization: 12, halfLife: 5, neighbours: 10),
            HistoryBag(dimension: 0, regularization: 12, neighbours: 10),
        ] {
            let one = try model(data, history).result.parameters
            #expect(try model(data, history, threads: 3).result.parameters == one)
            #expect(one.history?.neighbours?.items.count ?? 0 > 400)
        }
    }

    @Test("the scale is found on what neighbours say too: a history's logits are log-odds")
    func scale() throws {
        let data = walks(6, pairs: true)
        let (snapshot, result) = try model(data, HistoryBag(dimension: 0, regularization: 12, neighbours: 10))
        // What observed pairs and four times as many others lose, as log-odds by the log-odds that they have without.
        let loss = try #require(result.reports.first).loss
        #expect(loss < 0.35, "\(loss)")
        let plain = try model(data, .none).result.reports.first?.loss ?? 0
        #expect(plain > loss + 0.02)
        #expect(snapshot.model.related(of: 0).isEmpty == false)
    }

    @Test("neighbours are of an mf in closed form alone, and a training of no user ends as one without them")
    func refused() {
        for change: (inout Hyperparameters) -> Void in [
            { $0.architecture = .neumf }, { $0.epochs = 1 },
            {
                $0.start.sweeps = 0; $0.epochs = 0
            },
            { $0.history.neighbours = 1001 }, { $0.history.neighbours = -1 }, { $0.history.neighbourShare = -0.1 },
        ] {
            var settings = settings(HistoryBag(dimension: 4, neighbours: 5))
            change(&settings)
            #expect(throws: TrainingError.self) {
                try Trainer(dataset: walks(3, pairs: true), hyperparameters: settings).train()
            }
        }
        #expect(throws: TrainingError.self) {
            try Trainer(
                dataset: InteractionDataset.Builder().build(),
                hyperparameters: settings(HistoryBag(dimension: 0, neighbours: 5))
            ).train()
        }
    }
}
