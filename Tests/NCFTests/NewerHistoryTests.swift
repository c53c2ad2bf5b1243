import TestSupport
import Testing

@testable import NCF

@Suite("What a known user has done since the training")
struct NewerHistoryTests {
    @Test(
        "without anything new it is the trained vector to the bit", arguments: Architecture.allCases,
        [Objective.implicit, .rating])
    func nothingNew(architecture: Architecture, objective: Objective) {
        let snapshot = ServingFixture.snapshot(architecture, objective: objective)
        for user in 0..<snapshot.userCount {
            let seen = snapshot.seenItems(of: user)
            for items in [[], seen, [-1, 20, .max], seen + [99]] {
                #expect(snapshot.foldIn(user: user, newer: items) == snapshot.model.vector(of: user))
            }
        }
    }

    @Test(
        "new items of another colour lift the rest of that colour above what it was", arguments: Architecture.allCases,
        [Objective.implicit, .rating])
    func follows(architecture: Architecture, objective: Objective) throws {
        let data = Checkerboard().dataset(objective)
        var settings = Hyperparameters(
            architecture: architecture, objective: objective, embeddingDimension: 8, mlpEmbeddingDimension: 8,
            hiddenLayerSizes: [16, 8], epochs: 25, batchSize: 256, learningRate: 0.01, weightDecay: 0.001,
            earlyStopping: 0)
        settings.learningRateSchedule = .constant
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        let snapshot = ModelSnapshot(
            version: 1, dataset: data, parameters: result.parameters, lineage: ServingFixture.lineage(objective))
        var (lifted, all) = (0, 0)
        for user in 0..<snapshot.userCount {
            let name = Int(snapshot.users[user]) ?? 0
            let white = (0..<snapshot.itemCount).filter { ((Int(snapshot.items[$0]) ?? 0) + name) % 2 == 1 }
            let seen = Set(snapshot.seenItems(of: user).map(Int.init))
            let fresh = white.filter { !seen.contains($0) }
            let new = fresh.prefix(fresh.count / 2).map(Int32.init)
            // Of ratings, only what was withheld is new.
            guard !new.isEmpty else { continue }
            all += 1
            let moved = snapshot.foldIn(user: user, newer: new)
            func mean(_ score: (Int) -> Float) -> Float { white.reduce(0) { $0 + score($1) } }
            let after = mean { snapshot.predict(foldedIn: moved, item: $0).logit }
            if after > mean({ snapshot.predict(user: user, item: $0).logit }) { lifted += 1 }
        }
        #expect(all >= 12 && lifted * 10 >= all * 9, "\(lifted) of \(all)")
    }

    @Test("what training knows of the user stays: other users of the same newer history stay different")
    func keeps() {
        let snapshot = ServingFixture.snapshot(.mf, users: 6, items: 30, seed: 2)
        let vectors = (0..<6).map { snapshot.foldIn(user: $0, newer: [29]) }
        for (user, vector) in vectors.enumerated() where !snapshot.seenItems(of: user).contains(29) {
            let trained = snapshot.model.vector(of: user)
            let moved = zip(vector.gmf, trained.gmf).map { $0 - $1 }
            let folded = zip(snapshot.foldIn(items: snapshot.seenItems(of: user) + [29]).gmf, trained.gmf).map {
                $0 - $1
            }
            func length(_ step: [Float]) -> Float { step.reduce(0) { $0 + $1 * $1 } }
            #expect(length(moved) < length(folded))
        }
    }

    @Test(
        "with histories in the model, new items are in the user's bag as the known ones are, each once",
        arguments: [Architecture.mf, .neumf])
    func bag(architecture: Architecture) throws {
        let data = randomDataset(users: 30, items: 40, perUser: 8, seed: 5)
        var settings = Hyperparameters(
            architecture: architecture, embeddingDimension: 4, mlpEmbeddingDimension: 3, hiddenLayerSizes: [6],
            epochs: 2, batchSize: 64, earlyStopping: 0)
        settings.start = ClosedFormStart(sweeps: 3)
        settings.history = HistoryBag(dimension: 5)
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        let snapshot = ModelSnapshot(
            version: 1, dataset: data, parameters: result.parameters, lineage: ServingFixture.lineage(.implicit))
        let table = try #require(snapshot.model.history)
        for user in 0..<snapshot.userCount {
            let seen = snapshot.seenItems(of: user)
            let new = (0..<Int32(snapshot.itemCount)).filter { !seen.contains($0) }.suffix(3)
            let moved = snapshot.foldIn(user: user, newer: new + seen + new + [-1, 40])
            #expect(moved == table.adding(Array(new).history, to: snapshot.model.vector(of: user)))
        }
    }

    @Test("a very long history is finite, old or new")
    func long() {
        let snapshot = ServingFixture.snapshot(.neumf, users: 4, items: 900, seed: 3)
        let moved = snapshot.foldIn(user: 1, newer: (0..<900).map(Int32.init))
        let numbers = moved.gmf + moved.mlp + [moved.bias]
        #expect(numbers.allSatisfy { $0.isFinite })
    }
}
