import TestSupport
import Testing

@testable import NCF

@Suite("Histories whose order matters")
struct HistoryRecencyTests {
    private let scratch = ScratchDirectory()

    private func settings(
        _ architecture: Architecture, halfLife: Double, length: Int = 0, threads: Int = 1
    ) -> Hyperparameters {
        Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 4, mlpEmbeddingDimension: 3,
            hiddenLayerSizes: [8, 4], start: ClosedFormStart(sweeps: 4, regularization: 0.01, unobservedWeight: 0.1),
            history: HistoryBag(dimension: 5, regularization: 10, halfLife: halfLife, length: length), epochs: 2,
            batchSize: 200,
            learningRate: 0.01, earlyStopping: 0, threads: threads)
    }

    private func snapshot(
        _ architecture: Architecture = .mf, halfLife: Double, length: Int = 0, data: InteractionDataset? = nil
    ) throws -> ModelSnapshot {
        let data = data ?? randomDataset(users: 30, items: 40, perUser: 8, seed: 5)
        let settings = settings(architecture, halfLife: halfLife, length: length)
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        return ModelSnapshot(
            version: 1, dataset: data, parameters: result.parameters, lineage: ServingFixture.lineage(.implicit))
    }

    /// With a half-life, a length, both, and neither; histories have some seven items.
    static let recencies = [
        HistoryRecency.none, HistoryRecency(halfLife: 1.5), HistoryRecency(halfLife: 0, length: 5),
        HistoryRecency(halfLife: 1.5, length: 5),
    ]

    @Test("an item counts half as much as the one a half-life after it; without weight it is in no place")
    func factors() {
        let data = oneHistory(weights: [1, 1, 0, 1, 2])
        #expect(HistoryRecency(halfLife: 2).factors(of: data) == [0.35355338, 0.5, 0, 0.70710677, 1])
        #expect(HistoryRecency.none.factors(of: data) == [1, 1, 0, 1, 1])
        let bags = FeatureBags(histories: data, counting: HistoryCounting(recency: HistoryRecency(halfLife: 1)))
        // The squares are 1/64, 1/16, 0, 1/4 and 1.
        #expect(abs(bags.weight - 1 / Float(1.328125).squareRoot()) < 1e-6)
        #expect(bags.byRow.weights == [0.125, 0.25, 0, 0.5, 1].map { bags.weight * $0 })
    }

    @Test("of a history of a length only the newest items count, whatever was before them")
    func length() throws {
        let data = oneHistory(weights: [1, 1, 0, 1, 2])
        #expect(HistoryRecency(halfLife: 0, length: 2).factors(of: data) == [0, 0, 0, 1, 1])
        #expect(HistoryRecency(halfLife: 1, length: 3).factors(of: data) == [0, 0.25, 0, 0.5, 1])
        let snapshot = try snapshot(halfLife: 0, length: 4)
        let table = try #require(snapshot.model.history)
        let zero = UserVector(gmf: Array(repeating: 0, count: snapshot.model.gmfWidth), mlp: [], bias: 0)
        let long: [Int32] = [2, 9, 14, 30, 21, 7, 3]
        #expect(table.adding(long.history, to: zero) == table.adding(long.suffix(4).map { $0 }.history, to: zero))
        // As training has them.
        for user in 0..<snapshot.userCount {
            let own = table.replacing(snapshot.seenItems(of: user).history, by: [], in: snapshot.model.vector(of: user))
            let newest = Array(snapshot.seenItems(of: user).suffix(4)).history
            expectEqual(table.adding(newest, to: own), snapshot.model.vector(of: user))
        }
    }

    @Test("item after item a history becomes what it is as a whole", arguments: recencies)
    func advancing(recency: HistoryRecency) throws {
        let data = randomDataset(users: 30, items: 40, perUser: 8, seed: 5)
        let loop = ParallelLoop(threads: 1)
        let bag = HistoryBag(dimension: 5, regularization: 10, halfLife: recency.halfLife, length: recency.length)
        let als = ImplicitALS(dataset: data, settings: ClosedFormStart(sweeps: 2), seed: 1, loop: loop)
        let regression = ItemItemRegression(
            dataset: data, regularization: 10, order: bag.order, features: nil, featureWeight: 0, seed: 1, loop: loop)
        let relations = ItemItemMemory(limit: 0).factors(of: regression, rank: 5, isCancelled: { false })
        let blend = ClosedFormBlend(
            factors: try #require(als.factors(dimension: 3, isCancelled: { false })),
            relations: relations,
            history: bag, dataset: data, loop: loop)
        for user in 0..<data.userCount {
            let whole = blend.history(of: user)
            var grown = blend.beginning(of: user)
            for place in data.interactions(of: user) { blend.advance(&grown, past: place) }
            for item in 0..<data.itemCount {
                let (left, right) = (
                    blend.score(user: user, whole, item: item), blend.score(user: user, grown, item: item)
                )
                #expect(abs(left - right) < 1e-5)
            }
        }
    }

    @Test("each positive is learned without what it itself counts in the history")
    func leftOut() throws {
        let data = randomDataset(users: 7, items: 20, perUser: 6, seed: 3)
        let settings = settings(.mf, halfLife: 2)
        let source = try TrainingSource(dataset: data, hyperparameters: settings)
        let bags = FeatureBags(histories: data, counting: HistoryCounting(recency: HistoryRecency(halfLife: 2))).byRow
        let batch = MiniBatch(capacity: source.groupCount, samplesPerGroup: source.samplesPerGroup)
        batch.groupCount = source.groupCount
        source.fill(0..<source.groupCount, of: batch, first: 0, order: source.order(epoch: 1), epoch: 1)
        for group in 0..<source.groupCount {
            let item = batch.items[group * source.samplesPerGroup]
            let entry = bags.entries(of: Int(batch.users[group])).first { bags.indices[$0] == item }
            #expect(try batch.leftOut[group] == bags.weights[#require(entry)])
        }
        #expect(Set(batch.leftOut.array).count > 4)
    }

    @Test("the bytes are the same for any number of threads", arguments: [Architecture.mf, .mlp, .neumf])
    func deterministic(architecture: Architecture) throws {
        let data = Checkerboard(side: 24).dataset()
        let results = try [1, 2, 3].map {
            try Trainer(dataset: data, hyperparameters: settings(architecture, halfLife: 3, threads: $0)).train()
        }
        for other in results.dropFirst() { #expect(other.parameters == results[0].parameters) }
        #expect(results[0].parameters.history?.halfLife == 3)
    }

    @Test("the order of a history matters where it has a half-life, and does not where it has none")
    func order() throws {
        let history: [Int32] = [2, 9, 14, 30, 21, 7]
        let (plain, recent) = (try snapshot(halfLife: 0), try snapshot(halfLife: 1))
        expectEqual(
            plain.foldIn(items: history), plain.foldIn(items: history.reversed()), within: 1e-3)
        func distance(_ left: UserVector, _ right: UserVector) -> Float {
            zip(left.gmf, right.gmf).reduce(0) { $0 + abs($1.0 - $1.1) }
        }
        let forth = recent.foldIn(items: history)
        let turned = distance(forth, recent.foldIn(items: history.reversed()))
        #expect(turned > 10 * distance(plain.foldIn(items: history), plain.foldIn(items: history.reversed())))
        // Of an item that comes twice the last time counts.
        #expect(recent.foldIn(items: [7] + history) == forth)
    }

    @Test("a known user's new items come last, and the known ones move away from the end", arguments: recencies)
    func newer(recency: HistoryRecency) throws {
        let snapshot = try snapshot(.neumf, halfLife: recency.halfLife, length: recency.length)
        let table = try #require(snapshot.model.history)
        let zero = UserVector(
            gmf: Array(repeating: 0, count: snapshot.model.gmfWidth),
            mlp: Array(repeating: 0, count: snapshot.model.mlpWidth), bias: 0)
        for user in 0..<snapshot.userCount {
            let seen = snapshot.seenItems(of: user)
            let new = (0..<Int32(snapshot.itemCount)).filter { !seen.contains($0) }.suffix(3)
            let (before, after) = (
                table.adding(seen.history, to: zero), table.adding((seen + new).history, to: zero)
            )
            var expected = snapshot.model.vector(of: user)
            for k in expected.gmf.indices { expected.gmf[k] += after.gmf[k] - before.gmf[k] }
            for k in expected.mlp.indices { expected.mlp[k] += after.mlp[k] - before.mlp[k] }
            expected.bias += after.bias - before.bias
            expectEqual(snapshot.foldIn(user: user, newer: Array(new)), expected)
            #expect(snapshot.foldIn(user: user, newer: seen) == snapshot.model.vector(of: user))
        }
    }

    @Test("what happened before the known history's end goes before it", arguments: recencies)
    func late(recency: HistoryRecency) throws {
        let snapshot = try snapshot(.neumf, halfLife: recency.halfLife, length: recency.length)
        let table = try #require(snapshot.model.history)
        let seen = snapshot.seenItems(of: 4)
        let new = Array((0..<Int32(snapshot.itemCount)).filter { !seen.contains($0) }.suffix(3))
        let expected = table.replacing(
            seen.history, by: (new.prefix(2) + seen + new.suffix(1)).history, in: snapshot.model.vector(of: 4))
        expectEqual(snapshot.foldIn(user: 4, newer: new, late: 2), expected)
    }

    @Test("what is withdrawn is as if it had never been in the history", arguments: recencies)
    func withdrawn(recency: HistoryRecency) throws {
        let snapshot = try snapshot(halfLife: recency.halfLife, length: recency.length)
        let table = try #require(snapshot.model.history)
        let seen = snapshot.seenItems(of: 3).history
        let rest = Array(seen.dropFirst(2)) + [39].history
        let own = table.replacing(seen, by: [], in: snapshot.model.vector(of: 3))
        expectEqual(
            table.replacing(seen, by: rest, in: snapshot.model.vector(of: 3)), table.adding(rest, to: own))
        expectEqual(table.adding(seen, to: own), snapshot.model.vector(of: 3))
    }

    @Test("an explanation says exactly what a score loses without an item, by its place", arguments: recencies)
    func explanation(recency: HistoryRecency) throws {
        let snapshot = try snapshot(halfLife: recency.halfLife, length: recency.length)
        let table = try #require(snapshot.model.history)
        let seen = snapshot.seenItems(of: 4)
        for explanation in snapshot.explain(user: 4, items: [0, 5, 11], reasons: 50) {
            let rows = snapshot.model.gather([Int32(explanation.item)])
            for reason in explanation.becauseOf {
                let index = try #require(seen.firstIndex(of: Int32(reason.item)))
                var alone = snapshot.model.vector(of: 4)
                let whole = snapshot.model.score(alone, rows)[0]
                let weight = table.weight(of: HistoryItem(item: seen[index]), at: seen.count - 1 - index)
                for k in alone.gmf.indices {
                    alone.gmf[k] -= weight * table.gmf[reason.item * alone.gmf.count + k]
                }
                alone.bias -= weight * table.bias[reason.item]
                #expect(abs(whole - snapshot.model.score(alone, rows)[0] - reason.score) < 1e-5)
            }
        }
    }

    @Test("a snapshot keeps the half-life, in a format that older programs refuse, and so do weights")
    func files() throws {
        let snapshot = try snapshot(halfLife: 2.5)
        let store = try ModelStore(directory: scratch.path, keep: 5)
        try store.publish(snapshot)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 1)
        let loaded = try #require(restarted.current)
        #expect(loaded.model.history?.recency == HistoryRecency(halfLife: 2.5))
        #expect(loaded.foldIn(items: [3, 1, 4]) == snapshot.foldIn(items: [3, 1, 4]))
        #expect(loaded.foldIn(user: 2, newer: [3, 1]) == snapshot.foldIn(user: 2, newer: [3, 1]))
        let manifests = scratch.names().map { String(decoding: scratch.read($0).prefix(200), as: UTF8.self) }
        #expect(manifests.contains { $0.contains("\"format\":3") })
        var metadata = WeightsMetadata(of: snapshot)
        #expect(metadata.encoded["history_half_life"] == "2.5")
        #expect(try WeightsMetadata(metadata.encoded).historyHalfLife == 2.5)
        metadata.historyHalfLife = -1
        #expect(throws: SnapshotFileError.self) { try WeightsMetadata(metadata.encoded) }
    }

    @Test("a snapshot keeps the length, in a format that older programs refuse, and so do weights")
    func filesOfLength() throws {
        let snapshot = try snapshot(halfLife: 0, length: 3)
        let store = try ModelStore(directory: scratch.path, keep: 5)
        try store.publish(snapshot)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 1)
        let loaded = try #require(restarted.current)
        #expect(loaded.model.history?.recency == HistoryRecency(halfLife: 0, length: 3))
        #expect(loaded.foldIn(user: 2, newer: [3, 1]) == snapshot.foldIn(user: 2, newer: [3, 1]))
        let manifests = scratch.names().map { String(decoding: scratch.read($0).prefix(200), as: UTF8.self) }
        #expect(manifests.contains { $0.contains("\"format\":8") })
        var metadata = WeightsMetadata(of: snapshot)
        #expect(metadata.encoded["history_length"] == "3" && metadata.encoded["history_half_life"] == nil)
        #expect(try WeightsMetadata(metadata.encoded).historyLength == 3)
        metadata.historyLength = -1
        #expect(throws: SnapshotFileError.self) { try WeightsMetadata(metadata.encoded) }
    }

    @Test("a half-life is 0 to a million items", arguments: [-0.5, 1_000_001, .nan, .infinity])
    func bounds(halfLife: Double) {
        #expect(throws: HyperparameterFaults.self) { try settings(.mf, halfLife: halfLife).validate() }
        #expect(throws: Never.self) { try settings(.mf, halfLife: 1_000_000, length: 1_000_000).validate() }
        for length in [-1, 1_000_001] {
            #expect(throws: HyperparameterFaults.self) { try settings(.mf, halfLife: 0, length: length).validate() }
        }
    }
}
