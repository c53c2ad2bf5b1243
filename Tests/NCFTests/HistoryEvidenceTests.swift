import Glibc
import TestSupport
import Testing

@testable import NCF

@Suite("Histories whose items count by their interactions")
struct HistoryEvidenceTests {
    private let scratch = ScratchDirectory()

    private func settings(evidence: Double, halfLife: Double = 0) -> Hyperparameters {
        Hyperparameters(
            architecture: .neumf, objective: .implicit, embeddingDimension: 4, mlpEmbeddingDimension: 3,
            hiddenLayerSizes: [8, 4], start: ClosedFormStart(sweeps: 4, regularization: 0.01, unobservedWeight: 0.1),
            history: HistoryBag(dimension: 5, regularization: 10, halfLife: halfLife, evidence: evidence), epochs: 1,
            batchSize: 200, learningRate: 0.01, earlyStopping: 0, threads: 1)
    }

    /// Views of weight 1, and each user's every third item bought, of weight 5.
    private func data() -> InteractionDataset {
        let plain = randomDataset(users: 30, items: 40, perUser: 9, seed: 5)
        var builder = InteractionDataset.Builder()
        for user in 0..<plain.userCount {
            for (place, item) in plain.items(of: user).enumerated() {
                builder.add(
                    userID: plain.userIDs[user], itemID: plain.itemIDs[Int(item)], rating: nil,
                    weight: place % 3 == 2 ? 5 : 1, timestamp: Int64(place + 1))
            }
        }
        return builder.build()
    }

    private func snapshot(evidence: Double = 1, halfLife: Double = 0) throws -> ModelSnapshot {
        let data = data()
        let settings = settings(evidence: evidence, halfLife: halfLife)
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        var lineage = ServingFixture.lineage(.implicit)
        lineage.hyperparameters = settings
        return ModelSnapshot(version: 1, dataset: data, parameters: result.parameters, lineage: lineage)
    }

    @Test("an item counts a power of its weight over the geometric mean, and a hundred at most")
    func factors() {
        let data = oneHistory(weights: [1, 4, 0, 1, 4])
        let evidence = HistoryEvidence(exponent: 0.5, of: data)
        #expect(abs(evidence.meanWeight - 2) < 1e-6)
        let counting = HistoryCounting(evidence: evidence)
        let roots: [Float] = [0.5, 2, 0, 0.5, 2]
        #expect(zip(counting.factors(of: data), roots).allSatisfy { abs($0 - $1.squareRoot()) < 1e-6 })
        #expect(HistoryCounting(recency: HistoryRecency(halfLife: 1)).factors(of: data) == [0.125, 0.25, 0, 0.5, 1])
        #expect(HistoryEvidence(exponent: 1, meanWeight: 1).factor(of: 1000) == 100)
        #expect(HistoryEvidence(exponent: 0, of: data) == .none)
        #expect(HistoryEvidence.none.factor(of: 7) == 1)
    }

    @Test(
        "the regression is that of the weighed histories", arguments: [nil, HistoryOrder(halfLife: 1e6, backward: 1)])
    func regression(order: HistoryOrder?) throws {
        let data = data()
        let evidence = HistoryEvidence(exponent: 1, of: data)
        let size = data.itemCount
        var gram = Array(repeating: Array(repeating: 0.0, count: size), count: size)
        let lengths = (0..<data.userCount).map { Double(data.items(of: $0).count) }
        let scale = lengths.reduce(0, +) / lengths.reduce(0) { $0 + $1.squareRoot() }
        for user in 0..<data.userCount {
            for left in data.interactions(of: user) {
                for right in data.interactions(of: user) {
                    let weight = scale / lengths[user].squareRoot()
                    gram[Int(data.items[left])][Int(data.items[right])] +=
                        weight
                        * Double(
                            evidence.factor(of: data.weights[left]) * evidence.factor(of: data.weights[right]))
                }
            }
        }
        for row in 0..<size { gram[row][row] += 5 }
        let inverse = inverse(gram)
        let regression = ItemItemRegression(
            dataset: data, regularization: 5, order: order, evidence: evidence, seed: 9, loop: ParallelLoop(threads: 2))
        let factors = try #require(regression.factors(rank: size, isCancelled: { false }))
        for row in 0..<size {
            for column in 0..<size {
                let expected = row == column ? 0 : -inverse[row][column] / inverse[column][column]
                #expect(abs(factors.relation(row, column) - expected) < 1e-3)
            }
        }
    }

    @Test(
        "a new item moves a known user by what it counts, and a known one by what it counts more", arguments: [0, 1.5])
    func newer(halfLife: Double) throws {
        let snapshot = try snapshot(halfLife: halfLife)
        let table = try #require(snapshot.model.history)
        let (seen, known) = (snapshot.seenItems(of: 4), snapshot.history(of: 4))
        let mean = table.evidence.meanWeight
        #expect(known.map(\.factor) == known.indices.map { ($0 % 3 == 2 ? 5 : 1) / mean })
        let new = try #require((0..<Int32(snapshot.itemCount)).first { !seen.contains($0) })
        let vector = snapshot.model.vector(of: 4)
        expectEqual(
            snapshot.foldIn(user: 4, newer: [new], weights: [5]),
            table.replacing(known, by: known + [HistoryItem(item: new, factor: 5 / mean)], in: vector))
        // Views of what was viewed, and of what was bought, are no news.
        #expect(snapshot.foldIn(user: 4, newer: Array(seen[1...2]), weights: [1, 1]) == vector)
        var bought = known
        bought[1].factor = 5 / mean
        let strengthened = snapshot.foldIn(user: 4, newer: [seen[1]], weights: [5])
        expectEqual(strengthened, table.replacing(known, by: bought, in: vector))
        #expect(strengthened != vector)
    }

    @Test("an explanation says what a score loses without an item, by what it counts")
    func explanation() throws {
        let snapshot = try snapshot()
        let table = try #require(snapshot.model.history)
        let (vector, known) = (snapshot.model.vector(of: 4), snapshot.history(of: 4))
        for explanation in snapshot.explain(user: 4, items: [0, 5, 11], reasons: 50) {
            let rows = snapshot.model.gather([Int32(explanation.item)])
            for reason in explanation.becauseOf {
                let item = try #require(known.first { $0.item == Int32(reason.item) })
                let rest = known.filter { $0 != item }
                let alone = snapshot.model.score(table.replacing(known, by: rest, in: vector), rows)[0]
                #expect(abs(snapshot.model.score(vector, rows)[0] - alone - reason.score) < 1e-4)
            }
        }
    }

    @Test("somebody unknown is folded in by what items count: with a purchase first, it matters which is the purchase")
    func stranger() throws {
        let snapshot = try snapshot()
        let first = snapshot.foldIn(items: [3, 8], weights: [5, 1])
        #expect(first != snapshot.foldIn(items: [3, 8], weights: [1, 5]))
        let mean = try #require(snapshot.model.history).evidence.meanWeight
        #expect(
            snapshot.history([3, 8], [5, 1]) == [
                HistoryItem(item: 3, factor: 5 / mean), HistoryItem(item: 8, factor: 1 / mean),
            ])
    }

    @Test(
        "a snapshot keeps the weights, in a format that older programs refuse; without them it is in the one of before")
    func files() throws {
        let snapshot = try snapshot(halfLife: 2.5)
        let store = try ModelStore(directory: scratch.path, keep: 5)
        try store.publish(snapshot)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 1)
        let loaded = try #require(restarted.current)
        #expect(loaded.history(of: 7) == snapshot.history(of: 7))
        #expect(loaded.model.history?.evidence == snapshot.model.history?.evidence)
        #expect(
            loaded.foldIn(user: 2, newer: [3, 1], weights: [5, 2])
                == snapshot.foldIn(user: 2, newer: [3, 1], weights: [5, 2]))
        let manifests = scratch.names().map { String(decoding: scratch.read($0).prefix(200), as: UTF8.self) }
        #expect(manifests.contains { $0.contains("\"format\":6") })
        #expect(try self.snapshot(evidence: 0).seen.weights == nil)
        #expect(snapshot.removing(users: [0, 3]).history(of: 0) == snapshot.history(of: 1))
    }

    @Test("weights that are given out and taken in serve the same")
    func interchange() throws {
        let snapshot = try snapshot()
        scratch.write(snapshot.exportedWeights().bytes(from: 0, limit: .max), to: "weights")
        let descriptor = try SnapshotFile.open("\(scratch.path)/weights", O_RDONLY)
        defer { close(descriptor) }
        let imported = try ImportedModel(weightsIn: descriptor)
        let empty = InteractionDataset.Builder().build()
        let served = imported.snapshot(version: 2, stored: empty, watermark: 0, createdAt: 0)
        #expect(served.history(of: 7) == snapshot.history(of: 7))
        // What the store has says since when, and not what the vector was made with.
        var stored = InteractionDataset.Builder()
        let first = snapshot.items[Int(snapshot.seenItems(of: 7)[0])]
        stored.add(userID: snapshot.users[7], itemID: first, rating: nil, weight: 50, timestamp: 9)
        let beside = imported.snapshot(version: 3, stored: stored.build(), watermark: 0, createdAt: 0)
        let factors = { (snapshot: ModelSnapshot) in
            Dictionary(uniqueKeysWithValues: snapshot.history(of: 7).map { ($0.item, $0.factor) })
        }
        #expect(factors(beside) == factors(snapshot))
        expectEqual(
            served.foldIn(user: 2, newer: [3, 1], weights: [5, 2]),
            snapshot.foldIn(user: 2, newer: [3, 1], weights: [5, 2]))
        var metadata = WeightsMetadata(of: snapshot)
        #expect(try WeightsMetadata(metadata.encoded).historyEvidence == snapshot.model.history?.evidence)
        for wrong in [HistoryEvidence(exponent: 2, meanWeight: 1), HistoryEvidence(exponent: 1, meanWeight: 0)] {
            metadata.historyEvidence = wrong
            #expect(throws: SnapshotFileError.self) { try WeightsMetadata(metadata.encoded) }
        }
    }

    @Test(
        "where all interactions count the same, whatever that is, all is as without",
        arguments: [0.01, 1, 100] as [Float])
    func alike(weight: Float) throws {
        let plain = randomDataset(users: 20, items: 30, perUser: 8, seed: 8)
        var builder = InteractionDataset.Builder()
        for user in 0..<plain.userCount {
            for (place, item) in plain.items(of: user).enumerated() {
                builder.add(
                    userID: plain.userIDs[user], itemID: plain.itemIDs[Int(item)], rating: nil, weight: weight,
                    timestamp: Int64(place + 1))
            }
        }
        let data = builder.build()
        let snapshots = try [0, 1].map { evidence in
            var settings = settings(evidence: evidence)
            (settings.architecture, settings.epochs) = (.mf, 0)
            let result = try Trainer(dataset: data, hyperparameters: settings).train()
            return ModelSnapshot(
                version: 1, dataset: data, parameters: result.parameters, lineage: ServingFixture.lineage(.implicit))
        }
        for user in 0..<5 {
            let vectors = snapshots.map { snapshot in
                let (seen, liked) = (snapshot.seenItems(of: user), snapshot.likedItems(of: user))
                let new = (0..<Int32(snapshot.itemCount)).filter { !seen.contains($0) }
                return [
                    snapshot.model.vector(of: user), snapshot.foldIn(items: Array(new.prefix(3))),
                    snapshot.foldIn(items: Array(new.prefix(3)), weights: [weight, weight, weight]),
                    snapshot.foldIn(user: user, newer: [new[4], new[5]], weights: [weight, -1]),
                    snapshot.foldIn(user: user, newer: [liked[1]], weights: [-1]),
                ]
            }
            for (left, right) in zip(vectors[0], vectors[1]) { expectEqual(left, right, within: 1e-4) }
        }
        #expect(abs(snapshots[1].ordinaryWeight - weight) < 1e-5 * weight && snapshots[0].ordinaryWeight == 1)
    }

    @Test("a power is 0 to 1", arguments: [-0.1, 1.1, .nan])
    func bounds(power: Double) {
        #expect(throws: HyperparameterFaults.self) { try settings(evidence: power).validate() }
        #expect(throws: Never.self) { try settings(evidence: 1).validate() }
    }

    @Test("where views are noise and purchases are not, histories of purchases are chosen")
    func choice() throws {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 4)
        for user in 0..<150 {
            let group = random.below(12)
            for time in 0..<16 {
                let isPurchase = time % 3 == 0
                let item = isPurchase ? group * 8 + random.below(8) : random.below(96)
                builder.add(
                    userID: "\(user)", itemID: "\(item)", rating: nil, weight: isPurchase ? 5 : 1, timestamp: 0)
            }
        }
        var wish = Hyperparameters.defaults(for: .mf)
        wish.threads = 1
        wish.history.share = 1
        let choice = try SettingsSearch(
            dataset: builder.build(), wish: wish,
            given: [.architecture, .embeddingDimension, .regularization, .historyRegularization, .historyShare],
            budget: SearchBudget(trials: 5)
        ).choose()
        #expect(choice.hyperparameters.history.evidence > 0, "\(choice.report?.verdict ?? "")")
        #expect(DatasetProfile(builder.build()).hasWeights)
        #expect(!DatasetProfile(randomDataset(users: 9, items: 9, perUser: 3, seed: 1)).hasWeights)
    }
}
