import Foundation
import JSON
import Testing

@testable import NCF

@Suite("Weights trained elsewhere")
struct ImportedModelTests {
    private let scratch = ScratchDirectory()

    private func read(_ bytes: [UInt8]) throws(SnapshotFileError) -> ImportedModel {
        scratch.write(bytes, to: "weights")
        let descriptor = try SnapshotFile.open("\(scratch.path)/weights", O_RDONLY)
        defer { close(descriptor) }
        return try ImportedModel(weightsIn: descriptor)
    }

    private func refusal(_ file: WeightsFixture) -> String? {
        do throws(SnapshotFileError) {
            _ = try read(file.bytes)
            return nil
        } catch {
            return error.reason
        }
    }

    private static let nobody = InteractionDataset.Builder().build()

    // MARK: What PyTorch trained

    @Test("a NeuMF that PyTorch trained scores here as it does there, to 1e-5, for every user and item")
    func pyTorch() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/pytorch-neumf")
        let weights = try Data(contentsOf: folder.appendingPathComponent("model.safetensors"))
        let expected = try JSONParser().parse(Array(Data(contentsOf: folder.appendingPathComponent("expected.json"))))
            .root
        let model = try read(Array(weights))
        let snapshot = model.snapshot(version: 1, stored: Self.nobody, watermark: 0, createdAt: 0)
        let users = expected["users"]?.elements.compactMap(\.string) ?? []
        let items = expected["items"]?.elements.compactMap(\.string) ?? []
        #expect(snapshot.userCount == users.count && snapshot.itemCount == items.count && users.count == 12)
        #expect(model.parameters.architecture == .neumf && snapshot.objective == .implicit)
        var compared = 0
        let logits = try #require(expected["logits"])
        for (user, row) in zip(users, logits.elements) {
            let index = try #require(snapshot.users.index(of: user))
            let ranked = snapshot.recommend(user: index, limit: items.count, excludingSeen: false)
            for (item, logit) in zip(items, row.elements) {
                let expected = try #require(logit.double)
                let found = try #require(snapshot.items.index(of: item))
                #expect(abs(Double(snapshot.predict(user: index, item: found).logit) - expected) < 1e-5)
                let served = try #require(ranked.first { $0.item == found })
                #expect(abs(Double(served.score) - expected) < 1e-5)
                compared += 1
            }
        }
        #expect(compared == users.count * items.count)
    }

    // MARK: There and back

    @Test("what is given out is taken back, and scores the same to the bit", arguments: Architecture.allCases)
    func roundTrip(architecture: Architecture) throws {
        let original = ServingFixture.snapshot(architecture)
        let export = original.exportedWeights()
        let bytes = export.bytes(from: 0, limit: .max)
        #expect(bytes.count == export.byteCount)
        let model = try read(bytes)
        #expect(model.users == original.users && model.items == original.items)
        let copy = model.snapshot(version: 9, stored: Self.nobody, watermark: 5, createdAt: 77)
        #expect(copy.version == 9 && copy.lineage.origin == .imported && copy.lineage.createdAt == 77)
        #expect(copy.lineage.dataWatermark == 5 && copy.objective == original.objective)
        for user in 0..<original.userCount {
            #expect(copy.recommend(user: user, limit: 9) == original.recommend(user: user, limit: 9))
            #expect(copy.seenItems(of: user) == original.seenItems(of: user))
        }
        #expect(copy.popular(limit: 20) == original.popular(limit: 20))
        #expect(copy.foldIn(items: [1, 4]) == original.foldIn(items: [1, 4]))
    }

    @Test("users carry their histories there and back", arguments: Architecture.allCases)
    func history(architecture: Architecture) throws {
        let data = ServingFixture.dataset(users: 6, items: 20, seed: 7)
        let original = ModelSnapshot(
            version: 1, dataset: data, parameters: ServingFixture.parametersWithHistory(architecture, data, seed: 3),
            lineage: ServingFixture.lineage())
        let bytes = original.exportedWeights().bytes(from: 0, limit: .max)
        let copy = try read(bytes).snapshot(version: 2, stored: Self.nobody, watermark: 0, createdAt: 0)
        #expect(copy.model.history != nil)
        for user in 0..<6 {
            #expect(copy.recommend(user: user, limit: 9) == original.recommend(user: user, limit: 9))
            #expect(copy.explain(user: user, items: [3]) == original.explain(user: user, items: [3]))
        }
        #expect(copy.foldIn(items: [1, 4]) == original.foldIn(items: [1, 4]))
    }

    @Test("what the store has beyond a file's own histories was seen, and is in none of them")
    func beyondHistories() throws {
        let data = ServingFixture.dataset(users: 6, items: 20, seed: 7)
        let original = ModelSnapshot(
            version: 1, dataset: data, parameters: ServingFixture.parametersWithHistory(.mf, data, seed: 3),
            lineage: ServingFixture.lineage())
        let bytes = original.exportedWeights().bytes(from: 0, limit: .max)
        let user = 3
        let known = original.likedItems(of: user)
        let fresh = (0..<Int32(20)).filter { !known.contains($0) }
        #expect(known.count > 1 && fresh.count > 2)
        var builder = InteractionDataset.Builder()
        // The oldest item again, and others that the file knows nothing of.
        for item in [known[0], fresh[0]] {
            builder.add(userID: original.users[user], itemID: original.items[Int(item)], rating: nil, timestamp: 9)
        }
        let copy = try read(bytes).snapshot(version: 2, stored: builder.build(), watermark: 0, createdAt: 0)
        #expect(copy.likedItems(of: user) == known)
        #expect(Set(copy.seenItems(of: user)) == Set(known + [fresh[0]]))
        #expect(copy.interactionCount(ofItem: Int(fresh[0])) == original.interactionCount(ofItem: Int(fresh[0])) + 1)
        #expect(copy.explain(user: user, items: [3]) == original.explain(user: user, items: [3]))
        // It is news when it comes again.
        let moved = copy.foldIn(user: user, newer: [fresh[0]])
        #expect(moved == original.foldIn(user: user, newer: [fresh[0]]) && moved != copy.model.vector(of: user))
    }

    @Test("a file comes in pieces of any size", arguments: [1, 7, 4096, 1 << 20])
    func pieces(size: Int) {
        let export = ServingFixture.snapshot().exportedWeights()
        var bytes: [UInt8] = []
        while bytes.count < export.byteCount {
            let piece = export.bytes(from: bytes.count, limit: size)
            #expect(piece.count == min(size, export.byteCount - bytes.count))
            bytes += piece
        }
        #expect(bytes == export.bytes(from: 0, limit: .max))
        #expect(export.bytes(from: export.byteCount, limit: size).isEmpty)
    }

    @Test("a model of ratings keeps its scale")
    func ratings() throws {
        let original = ServingFixture.snapshot(objective: .rating)
        let model = try read(original.exportedWeights().bytes(from: 0, limit: .max))
        #expect(model.objective == .rating && model.ratingScale == original.ratingScale)
        let copy = model.snapshot(version: 2, stored: Self.nobody, watermark: 0, createdAt: 0)
        #expect(copy.ratingRange == original.ratingRange)
        #expect(copy.predict(user: 1, item: 2) == original.predict(user: 1, item: 2))
    }

    @Test("a model of bounded ratings is served as such")
    func boundedRatings() throws {
        var lineage = ServingFixture.lineage(.rating)
        lineage.hyperparameters.ratingOutput = .bounded
        let original = ModelSnapshot(
            version: 1, dataset: ServingFixture.dataset(users: 6, items: 20, seed: 7, rated: true),
            parameters: ServingFixture.parameters(.neumf, users: 6, items: 20, seed: 8), lineage: lineage)
        let model = try read(original.exportedWeights().bytes(from: 0, limit: .max))
        #expect(model.ratingOutput == .bounded)
        let copy = model.snapshot(version: 2, stored: Self.nobody, watermark: 0, createdAt: 0)
        let prediction = copy.predict(user: 1, item: 2)
        #expect(prediction == original.predict(user: 1, item: 2))
        let mapped = 1 + 4 / (1 + exp(-Double(prediction.logit)))
        #expect(abs(Double(try #require(prediction.rating)) - mapped) < 1e-5)
        #expect(abs(Double(prediction.probability) - (mapped - 1) / 4) < 1e-5)
    }

    @Test("what folding in and later ratings go by beside the weights is there and back", arguments: [false, true])
    func circumstances(byPropensity: Bool) throws {
        var builder = InteractionDataset.Builder()
        for user in 0..<6 {
            for item in 0..<20 where (user * 7 + item * 3) % 5 < 2 {
                builder.add(
                    userID: "user \(user)", itemID: "item-\(item)", rating: (user + item) % 3 == 0 ? 1 : 5,
                    timestamp: 1_700_000_000_000 + Int64(user * 100 + item))
            }
        }
        let raw = builder.build()
        let data = raw.prepared(for: .implicit)
        var lineage = ServingFixture.lineage()
        lineage.calibration = LogitCalibration(slope: 0.3, offset: -0.7)
        if byPropensity {
            lineage.hyperparameters.propensity = InversePropensity(exponent: 0.5, clip: 3)
        } else {
            lineage.hyperparameters.negativeSampling = .popularity
            lineage.hyperparameters.popularityExponent = 1.5
        }
        let original = ModelSnapshot(
            version: 1, dataset: data,
            parameters: ServingFixture.parameters(.gmf, users: data.userCount, items: data.itemCount, seed: 3),
            lineage: lineage)
        #expect(original.lineage.dislikesUpTo == 1 && original.lineage.newestTimestamp != nil)
        let model = try read(original.exportedWeights().bytes(from: 0, limit: .max))
        let copy = model.snapshot(version: 2, stored: Self.nobody, watermark: 0, createdAt: 0)
        #expect(copy.lineage.dislikesUpTo == 1 && copy.evidence(2, rating: 1) == -2)
        #expect(copy.lineage.newestTimestamp == original.lineage.newestTimestamp)
        #expect(copy.lineage.calibration == lineage.calibration)
        let (own, settings) = (lineage.hyperparameters, copy.lineage.hyperparameters)
        #expect(settings.negativeSampling == own.negativeSampling && settings.propensity == own.propensity)
        #expect(settings.popularityExponent == own.popularityExponent)
        #expect(copy.foldIn(items: [1, 4]) == original.foldIn(items: [1, 4]))
        #expect(
            copy.foldIn(items: [1, 4], weights: [1, -2]) == original.foldIn(items: [1, 4], weights: [1, -2]))
        // Where the store has the same, its low ratings are what they were too.
        let beside = model.snapshot(version: 2, stored: raw, watermark: 0, createdAt: 0)
        for user in 0..<6 { #expect(beside.likedItems(of: user) == original.likedItems(of: user)) }
        #expect(beside.popular(limit: 20) == original.popular(limit: 20))
        #expect(beside.foldIn(items: [1, 4]) == original.foldIn(items: [1, 4]))
        // What the store has of later times, or of ratings between these, says nothing of the training.
        var stored = InteractionDataset.Builder()
        stored.add(userID: "user 1", itemID: "item-0", rating: 3, timestamp: 1_800_000_000_000)
        let later = model.snapshot(version: 3, stored: stored.build(), watermark: 1, createdAt: 0)
        #expect(later.lineage.dislikesUpTo == 1)
        #expect(later.lineage.newestTimestamp == original.lineage.newestTimestamp)
    }

    @Test("what a model was measured on, and not made from, stays out of its histories beside a store that has it")
    func heldOut() throws {
        let data = ServingFixture.dataset(users: 6, items: 20, seed: 7)
        let (train, held) = data.split(.leaveOneOut, seed: 1)
        let original = ModelSnapshot(
            version: 1, dataset: data, parameters: ServingFixture.parametersWithHistory(.mf, train, seed: 3),
            lineage: ServingFixture.lineage(), histories: data.resting(on: train))
        let bytes = original.exportedWeights().bytes(from: 0, limit: .max)
        let copy = try read(bytes).snapshot(version: 2, stored: data, watermark: 0, createdAt: 0)
        #expect(held.interactionCount > 0)
        for user in 0..<6 {
            #expect(copy.likedItems(of: user) == Array(train.items(of: user)))
            #expect(copy.seenItems(of: user) == original.seenItems(of: user))
            #expect(copy.explain(user: user, items: [3]) == original.explain(user: user, items: [3]))
        }
        #expect(copy.popular(limit: 20) == original.popular(limit: 20))
    }

    @Test("what is as it is by itself is not said in a file, so that programs from before can read it")
    func plainMetadata() {
        let metadata = WeightsMetadata(of: ServingFixture.snapshot()).encoded
        let names = [
            "dislikes_up_to", "negative_sampling", "popularity_exponent", "propensity", "propensity_clip",
            "calibration_slope", "calibration_offset", "contrastive_margin", "contrastive_weight",
        ]
        #expect(names.allSatisfy { metadata[$0] == nil })
    }

    // MARK: What may be left out

    @Test("biases may be left out and are 0 then, and the output weights of a matrix factorisation are 1")
    func defaults() throws {
        var file = WeightsFixture.factorisation
        file.tensors.removeAll { $0.name.hasSuffix("bias") }
        let model = try read(file.bytes)
        #expect(model.parameters.architecture == .mf)
        #expect(model.parameters.outputWeights == [1, 1])
        // Rows of (0, 1), (2, 3) and of (0, 1), (2, 3), (4, 5).
        #expect(model.parameters.logit(user: 1, item: 2) == 2 * 4 + 3 * 5)
        file.tensors.append(.init("output_weights", "F32", [2], floats: [1, 0.5]))
        #expect(try read(file.bytes).parameters.architecture == .gmf)
        #expect(try read(file.bytes).parameters.logit(user: 1, item: 2) == 2 * 4 + 3 * 5 * 0.5)
    }

    @Test("IDs are strings or integers in the metadata, or bytes and offsets in tensors")
    func identifiers() throws {
        var file = WeightsFixture.factorisation
        file.metadata["user_ids"] = #"[7, "\u00e9"]"#
        #expect(try read(file.bytes).users.index(of: "7") == 0)
        #expect(try read(file.bytes).users.index(of: "é") == 1)
        file.metadata["user_ids"] = nil
        file.tensors += [
            .init("user_ids.bytes", "U8", [3], [0x61, 0xC3, 0xA9]),
            .init("user_ids.offsets", "I64", [3], [0, 1, 3].flatMap { [$0, 0, 0, 0, 0, 0, 0, 0] }),
        ]
        #expect(try read(file.bytes).users.index(of: "é") == 1)
    }

    @Test("a tensor that begins anywhere is read")
    func unaligned() throws {
        var file = WeightsFixture.factorisation
        file.tensors.insert(.init("user_ids.bytes", "U8", [3], [0x61, 0x62, 0x63]), at: 0)
        file.tensors.append(.init("user_ids.offsets", "I32", [3], [0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]))
        file.metadata["user_ids"] = nil
        let model = try read(file.bytes)
        #expect(model.users.index(of: "bc") == 1 && model.parameters.userGMF == [0, 1, 2, 3])
    }

    @Test("the users' interactions in the store count as seen and popular, beside what the file says was seen")
    func history() throws {
        var file = WeightsFixture.factorisation
        file.tensors += [
            .init("seen.offsets", "I64", [3], [0, 2, 2].flatMap { [$0, 0, 0, 0, 0, 0, 0, 0] }),
            .init("seen.items", "I32", [2], [2, 0, 0, 0, 2, 0, 0, 0]),
        ]
        var builder = InteractionDataset.Builder()
        for (user, item) in [("b", "y"), ("a", "x"), ("a", "z"), ("stranger", "y"), ("a", "unknown")] {
            builder.add(userID: user, itemID: item, rating: nil)
        }
        let snapshot = try read(file.bytes).snapshot(
            version: 1, stored: builder.build(), watermark: 5, createdAt: 0)
        #expect(snapshot.seenItems(of: 0) == [2, 0] && snapshot.seenItems(of: 1) == [1])
        #expect((0..<3).map { snapshot.interactionCount(ofItem: $0) } == [1, 1, 1])
        #expect(snapshot.lineage.interactionCount == 3)
        #expect(snapshot.recommend(user: 0, limit: 3).map(\.item) == [1])
    }

    // MARK: What is refused

    @Test("a file that is not as it should be is refused, and told where", arguments: WeightsFixture.hostile)
    func refuses(hostile: WeightsFixture.Hostile) {
        #expect(refusal(hostile.file)?.contains(hostile.reason) == true, "\(refusal(hostile.file) ?? "accepted")")
    }

    @Test("every byte of a file may be missing from its end on, and every one may be another")
    func damage() {
        let whole = ServingFixture.snapshot(users: 2, items: 3).exportedWeights().bytes(from: 0, limit: .max)
        for count in stride(from: 0, to: whole.count, by: 11) {
            #expect(throws: SnapshotFileError.self) { try read(Array(whole.prefix(count))) }
        }
        for place in stride(from: 0, to: whole.count, by: 5) {
            var bytes = whole
            bytes[place] ^= 0xFF
            // Taken or refused, but never a crash; and what is taken answers.
            guard let model = try? read(bytes) else { continue }
            let snapshot = model.snapshot(version: 1, stored: Self.nobody, watermark: 0, createdAt: 0)
            #expect(snapshot.recommend(user: 1, limit: 3, excludingSeen: false).count == 3)
        }
    }

    @Test("no score can overflow: what could is refused, what nearly could is served")
    func overflow() throws {
        var parameters = ServingFixture.parameters(.neumf, users: 2, items: 3, seed: 1)
        let bound = LogitBound.bound(parameters)
        for user in 0..<2 {
            for item in 0..<3 { #expect(Double(abs(parameters.logit(user: user, item: item))) <= bound) }
        }
        #expect(bound < 100)
        parameters.layers[0].weights[3] = 1e15
        #expect(throws: SnapshotFileError.self) { try LogitBound.check(parameters) }
        parameters.layers[0].weights[3] = 1e12
        #expect(throws: Never.self) { try LogitBound.check(parameters) }
    }
}
