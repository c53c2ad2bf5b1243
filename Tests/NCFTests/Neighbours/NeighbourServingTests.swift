import Foundation
import Glibc
import TestSupport
import Testing

@testable import NCF

@Suite("Serving by neighbours")
struct NeighbourServingTests {
    private let scratch = ScratchDirectory()
    private let data = ServingFixture.dataset(users: 9, items: 90, seed: 7)

    /// What a model's users have beside the items that speak for others.
    enum Beside: CaseIterable {
        case nothing
        case embeddings
        case order
        case evidence
    }

    private func parameters(_ beside: Beside) -> ModelParameters {
        var random = SeededGenerator(seed: 5)
        var offsets: [UInt64] = [0]
        var (items, weights) = ([Int32](), [Float]())
        for speaker in 0..<Int32(90) {
            for item in 0..<Int32(90) where item != speaker && Int.random(in: 0..<9, using: &random) == 0 {
                items.append(item)
                weights.append(Float.random(in: -0.5...1, using: &random))
            }
            offsets.append(UInt64(items.count))
        }
        var parameters = ServingFixture.parametersWithHistory(.mf, data, seed: 3)
        if beside == .nothing {
            parameters = ServingFixture.parameters(.mf, users: 9, items: 90, seed: 3)
            let own = ModelPrior(ScoringModel(parameters))
            parameters.history = ModelParameters.History(
                weight: 1, gmf: [], mlp: [], bias: [], ownMean: own.user, ownVariance: own.userVariance)
        }
        if beside == .order { parameters.history?.halfLife = 2 }
        if beside == .evidence { parameters.history?.evidence = HistoryEvidence(exponent: 1, meanWeight: 0.5) }
        parameters.history?.neighbours = NeighbourTable(
            offsets: FrozenArray(offsets), items: FrozenArray(items), weights: FrozenArray(weights))
        return parameters
    }

    private func snapshot(_ beside: Beside, version: Int = 1) -> ModelSnapshot {
        ModelSnapshot(
            version: version, dataset: data, parameters: parameters(beside), lineage: ServingFixture.lineage())
    }

    /// The logits by the formula as it stands.
    private func logits(_ beside: Beside, user: Int) throws -> [Float] {
        let parameters = parameters(beside)
        let history = try #require(parameters.history)
        let table = try #require(history.neighbours)
        let liked = Array(data.items(of: user))
        return (0..<90).map { item in
            liked.enumerated().reduce(parameters.logit(user: user, item: item)) { sum, place in
                let faded = HistoryRecency(halfLife: history.halfLife).factor(at: liked.count - 1 - place.offset)
                let weight = history.weight * history.evidence.factor(of: 1) * faded
                return sum + weight * table.weight(of: Int(place.element), for: item)
            }
        }
    }

    @Test("every way of scoring gives what the neighbours say", arguments: Beside.allCases)
    func scores(_ beside: Beside) throws {
        let snapshot = snapshot(beside)
        let all = Array(0..<9)
        var together = [Float](repeating: 0, count: 9 * 90)
        var span = together.mutableSpan
        snapshot.score(users: all[...], into: &span)
        let lists = snapshot.rank(for: all.map { RankingSubject(.user($0)) }, limit: 90, excludingSeen: false).lists
        let coded = snapshot.serving(ServingOptions(compactItems: true))
        for user in all {
            let expected = try logits(beside, user: user)
            let alone = snapshot.scores(user: user)
            #expect(Array(together[user * 90..<(user + 1) * 90]) == alone)
            #expect(zip(alone, expected).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(snapshot.score(user: user, items: [3, 80, 3]) == [alone[3], alone[80], alone[3]])
            #expect(lists[user].allSatisfy { $0.score == alone[$0.item] } && lists[user].count == 90)
            #expect(snapshot.predict(user: user, item: 17).logit == alone[17])
            let known = snapshot.vector(ofUser: user)
            #expect(snapshot.predict(known, ofUser: user, item: 17) == snapshot.predict(user: user, item: 17))
            #expect(snapshot.predict(known, ofUser: user, item: nil) == snapshot.predict(user: user, item: nil))
            let few = ItemSet(itemCount: 90, items: (0..<90).filter { ![5, 40, 41].contains($0) })
            let left = snapshot.recommend(user: user, limit: 3, excludingSeen: false, excluding: few)
            #expect(Set(left.map(\.item)) == [5, 40, 41] && left.allSatisfy { $0.score == alone[$0.item] })
            #expect(coded.recommend(user: user, limit: 9) == snapshot.recommend(user: user, limit: 9))
            let vector = snapshot.model.vector(of: user)
            #expect(snapshot.recommend(for: vector, limit: 90).map(\.score).sorted() == alone.sorted())
        }
    }

    @Test("an explanation tells what each item of a history adds", arguments: Beside.allCases)
    func explanation(_ beside: Beside) throws {
        let snapshot = snapshot(beside)
        let table = try #require(snapshot.model.history)
        let user = try #require((0..<9).first { (4...60).contains(data.items(of: $0).count) })
        let history = snapshot.history(of: user)
        let vector = snapshot.model.vector(of: user)
        var greatest: Float = 0
        for explanation in snapshot.explain(user: user, items: [0, 5, 81], reasons: 90) {
            let item = Int32(explanation.item)
            let whole = snapshot.score(user: user, items: [item])[0]
            #expect(abs(explanation.parts.sum - whole) < 1e-5)
            #expect(abs(explanation.parts.neighbours - vector.related[Int(item)]) < 1e-6)
            let losses = history.map { spoken in
                let rest = table.removing([spoken], from: vector, in: history)
                return (Int(spoken.item), whole - snapshot.model.score(rest, items: [item])[0])
            }
            for (item, loss) in losses where abs(loss) > 1e-5 {
                let reason = explanation.becauseOf.first { $0.item == item }
                #expect(abs((reason?.score ?? 0) - max(0, loss)) < 1e-4, "\(beside), item \(item)")
            }
            greatest = losses.reduce(greatest) { max($0, $1.1) }
        }
        #expect(greatest > 0.01)
    }

    @Test(
        "what a user did since counts in its history at once, and a stranger's in a fold-in",
        arguments: Beside.allCases)
    func newer(_ beside: Beside) throws {
        let snapshot = snapshot(beside)
        let table = try #require(snapshot.model.history)
        let user = try #require((1..<9).first { data.items(of: $0).count < 40 })
        let news = (0..<Int32(90)).filter { !data.items(of: user).contains($0) }.prefix(3).map { $0 }
        let factor = table.evidence.factor(of: 1)
        func said(_ items: [Int32]) -> [HistoryItem] { items.map { HistoryItem(item: $0, factor: factor) } }
        let told = table.related(to: snapshot.history(of: user) + said(news))
        let moved = snapshot.foldIn(user: user, newer: news)
        for item in 0..<90 { #expect(abs(moved.related[item] - told[item]) < 1e-5) }
        #expect(snapshot.foldIn(user: user, newer: []) == snapshot.model.vector(of: user))
        let stranger = snapshot.foldIn(items: news)
        #expect(stranger.related == table.related(to: news.history) && !stranger.related.isEmpty)
        // What was liked and is disliked now speaks for nothing.
        let withdrawn = snapshot.foldIn(items: news + [news[1]], weights: [1, 1, 1, -1])
        #expect(withdrawn.related == table.related(to: said([news[0], news[2]])))
    }

    @Test("a snapshot comes back after a restart, beside one without neighbours", arguments: Beside.allCases)
    func restart(_ beside: Beside) throws {
        let store = try ModelStore(directory: scratch.path, keep: 5)
        let snapshot = snapshot(beside, version: 2)
        try store.publish(ServingFixture.snapshot(version: 1, Architecture.mf))
        try store.publish(snapshot)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 2)
        let loaded = try #require(restarted.current)
        for user in 0..<9 { #expect(loaded.scores(user: user) == snapshot.scores(user: user)) }
        #expect(loaded.foldIn(items: [3, 1, 4]) == snapshot.foldIn(items: [3, 1, 4]))
        try restarted.publish(version: 1)
        #expect(restarted.current?.model.history == nil)
    }

    @Test(
        "weights go out and come back with the neighbours, and without some users all others stay",
        arguments: Beside.allCases)
    func thereAndBack(_ beside: Beside) throws {
        let snapshot = snapshot(beside)
        let bytes = snapshot.exportedWeights().bytes(from: 0, limit: .max)
        try Data(bytes).write(to: URL(filePath: "\(scratch.path)/weights"))
        let descriptor = try SnapshotFile.open("\(scratch.path)/weights", O_RDONLY)
        defer { close(descriptor) }
        let copy = try ImportedModel(weightsIn: descriptor)
            .snapshot(version: 2, stored: InteractionDataset.Builder().build(), watermark: 0, createdAt: 0)
        let cleaned = snapshot.removing(users: [0, 3, 5])
        for user in 0..<9 {
            #expect(copy.scores(user: user) == snapshot.scores(user: user))
            guard let place = cleaned.index(ofUser: snapshot.users[user]) else { continue }
            #expect(cleaned.scores(user: place) == snapshot.scores(user: user))
        }
        #expect(copy.model.history?.neighbours == snapshot.model.history?.neighbours)
        #expect(cleaned.userCount == 6)
    }

    @Test("a calibration scales what neighbours say as it scales the rest, and no score can overflow")
    func scaled() throws {
        let plain = parameters(.embeddings)
        var (twice, huge) = (plain.withLogits(times: 2, plus: 1), plain)
        twice.globalBias -= 1
        func scores(_ parameters: ModelParameters) -> [Float] {
            ModelSnapshot(version: 1, dataset: data, parameters: parameters, lineage: ServingFixture.lineage())
                .scores(user: 4)
        }
        #expect(zip(scores(twice), scores(plain)).allSatisfy { abs($0 - 2 * $1) < 1e-4 })
        huge.history?.neighbours = plain.history?.neighbours?.scaled(by: 1e16)
        #expect(throws: SnapshotFileError.self) { try LogitBound.check(huge) }
        #expect(throws: Never.self) { try LogitBound.check(plain) }
        #expect(plain.isFinite && !plain.with(neighbours: .nan).isFinite)
    }

    @Test("a file's offsets may be signed, and a part of neighbours alone is not left lying")
    func files() throws {
        func bytes(_ numbers: [Int64]) -> [UInt8] {
            numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        }
        func integers(_ numbers: [Int32]) -> [UInt8] {
            numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        }
        func read(_ file: WeightsFixture) throws -> ImportedModel {
            try Data(file.bytes).write(to: URL(filePath: "\(scratch.path)/made"))
            let descriptor = try SnapshotFile.open("\(scratch.path)/made", O_RDONLY)
            defer { close(descriptor) }
            return try ImportedModel(weightsIn: descriptor)
        }
        // Of two users and three items: y says 0.5 for x, which the first has seen.
        func file(offsets: [Int64]) -> WeightsFixture {
            WeightsFixture.factorisation.with("history_weight", "1")
                .with(.init(counting: "prior.user_gmf", [2])).with(.init(counting: "prior.user_bias", [1]))
                .with(.init(counting: "prior.user_variance_gmf", [2]))
                .with(.init(counting: "prior.user_variance_bias", [1]))
                .with(.init("seen.offsets", "I64", [3], bytes([0, 1, 1])))
                .with(.init("seen.items", "I32", [1], integers([1])))
                .with(.init("neighbours.offsets", "I64", [4], bytes(offsets)))
                .with(.init("neighbours.items", "I32", [1], integers([0])))
                .with(.init("neighbours.weights", "F32", [1], floats: [0.5]))
        }
        let model = try read(file(offsets: [0, 0, 1, 1]))
            .snapshot(version: 1, stored: InteractionDataset.Builder().build(), watermark: 0, createdAt: 0)
        let plain = model.model.score(model.model.ownVector(of: 0), items: [0, 1, 2])
        #expect(model.scores(user: 0) == [plain[0] + 0.5, plain[1], plain[2]])
        #expect(throws: SnapshotFileError.self) { try read(file(offsets: [0, -1, 1, 1])) }
        #expect(throws: SnapshotFileError.self) { try read(file(offsets: [0, 0, 1, 1]).without("seen.items")) }
        for part in ["offsets", "items", "weights"] {
            let lone = ["offsets", "items", "weights"].filter { $0 != part }
                .reduce(file(offsets: [0, 0, 1, 1])) { $0.without("neighbours.\($1)") }
            #expect(throws: SnapshotFileError.self) { try read(lone) }
            #expect(throws: SnapshotFileError.self) { try read(lone.with("history_weight", nil)) }
        }
    }

    @Test("rows that are none are told")
    func faults() {
        func table(_ offsets: [UInt64], _ items: [Int32], _ weights: [Float]) -> NeighbourTable {
            NeighbourTable(
                offsets: FrozenArray(offsets), items: FrozenArray(items), weights: FrozenArray(weights))
        }
        #expect(table([0, 1, 2], [1, 0], [1, 1]).fault == nil)
        #expect(table([0, 2, 1], [1, 0], [1, 1]).fault?.contains("offsets") == true)
        #expect(table([1, 1, 2], [1, 0], [1, 1]).fault?.contains("offsets") == true)
        #expect(table([0, 1, 3], [1, 0], [1, 1]).fault?.contains("offsets") == true)
        #expect(table([0, 1, 2], [2, 0], [1, 1]).fault?.contains("item 0") == true)
        #expect(table([0, 0, 2], [1, 1], [1, 1]).fault?.contains("item 1") == true)
        #expect(table([0, 1, 2], [-1, 0], [1, 1]).fault?.contains("item 0") == true)
        #expect(table([0, 1, 2], [1, 0], [1, .infinity]).fault?.contains("weights") == true)
    }
}

extension ModelParameters {
    fileprivate func with(neighbours factor: Float) -> ModelParameters {
        var copy = self
        copy.history?.neighbours = history?.neighbours?.scaled(by: factor)
        return copy
    }
}
