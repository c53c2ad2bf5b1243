import JSON
import Testing

@testable import NCF

@Suite("What a known user has rated since the training")
struct NewerRatingsTests {
    @Test(
        "a rating moves the prediction of its item towards it, and more the more it counts",
        arguments: Architecture.allCases)
    func towards(architecture: Architecture) throws {
        let snapshot = ServingFixture.snapshot(architecture, objective: .rating)
        let user = 2
        for item in try [#require(snapshot.seenItems(of: user).first), unseen(by: user, in: snapshot)] {
            let before = snapshot.predict(user: user, item: Int(item)).logit
            func after(_ rating: Float, weight: Float = 1) -> Float {
                let vector = snapshot.foldIn(user: user, newer: [item], weights: [weight], ratings: [rating])
                return snapshot.predict(foldedIn: vector, item: Int(item)).logit
            }
            #expect(after(before - 1) < before && before < after(before + 1))
            #expect(after(before + 1) < after(before + 1, weight: 10))
            #expect(after(before + 1, weight: 1000) < before + 1.1)
        }
    }

    @Test("as the most probable vector of the Gaussian that training left: by hand for one item")
    func byHand() throws {
        let snapshot = ServingFixture.snapshot(.mf, objective: .rating)
        let user = 1
        let liked = snapshot.likedItems(of: user)
        let item = unseen(by: user, in: snapshot)
        let own = snapshot.model.vector(of: user)
        let rating = snapshot.predict(user: user, item: Int(item)).logit + 2
        let moved = snapshot.foldIn(user: user, newer: [item], ratings: [rating])
        // The gradient vanishes: what the prior and the known items pull back is what the rating pulls.
        let rows = snapshot.model.gather(liked + [item])
        let change = zip(moved.gmf + [moved.bias], own.gmf + [own.bias]).map { $0 - $1 }
        let features = (0...liked.count).map { row in
            (0..<own.gmf.count).map { rows.gmf[row * own.gmf.count + $0] } + [Float(1)]
        }
        let precision = snapshot.prior.userVariance.elements(withTower: false).map { 1 / max($0, FoldIn.leastVariance) }
        for k in change.indices {
            var gradient = precision[k] * change[k]
            for (row, feature) in features.enumerated() {
                let difference = zip(feature, change).reduce(Float(0)) { $0 + $1.0 * $1.1 }
                gradient += (difference - (row == liked.count ? 2 : 0)) * feature[k]
            }
            #expect(abs(gradient) < 0.02, "\(gradient) of \(precision[k])")
        }
    }

    @Test("an item that the model knows is no news without a rating, nor with one that does not count")
    func noNews() {
        let snapshot = ServingFixture.snapshot(.mf, objective: .rating)
        let seen = snapshot.seenItems(of: 3)
        let nothing = [Float](repeating: .nan, count: seen.count)
        #expect(snapshot.foldIn(user: 3, newer: seen, ratings: nothing) == snapshot.model.vector(of: 3))
        #expect(
            snapshot.foldIn(user: 3, newer: [seen[0], 99], weights: [0, 1], ratings: [5, 5])
                == snapshot.model.vector(of: 3))
    }

    private func unseen(by user: Int, in snapshot: ModelSnapshot) -> Int32 {
        let seen = snapshot.seenItems(of: user)
        return (0..<Int32(snapshot.itemCount)).first { !seen.contains($0) } ?? 0
    }
}

@Suite("What a snapshot says of interactions that come after it")
struct SnapshotEvidenceTests {
    private func snapshot(
        _ ratings: [Float], discounted: Bool = true, objective: Objective = .implicit
    ) throws -> ModelSnapshot {
        var builder = InteractionDataset.Builder()
        for (place, rating) in ratings.enumerated() {
            builder.add(userID: "u\(place % 2)", itemID: "i\(place)", rating: rating, timestamp: Int64(place))
        }
        let data = builder.build()
        return ModelSnapshot(
            version: 1, dataset: discounted ? data.prepared(for: objective) : data,
            parameters: ServingFixture.parameters(.mf, users: data.userCount, items: data.itemCount, seed: 3),
            lineage: ServingFixture.lineage(objective))
    }

    @Test("a rating is a dislike where training took it for one")
    func dislikes() throws {
        let two = try snapshot([1, 5, 5, 1])
        #expect(two.lineage.dislikesUpTo == 1 && two.lineage.newestTimestamp == 3)
        #expect(
            two.evidence(2, rating: 1) == -2 && two.evidence(2, rating: 1.5) == 2 && two.evidence(2, rating: .nan) == 2)
        #expect(two.evidence(-2, rating: 1) == -2)
        let (raw, several) = try (snapshot([1, 5, 5, 1], discounted: false), snapshot([1, 5, 3, 1]))
        #expect(raw.lineage.dislikesUpTo == nil && several.lineage.dislikesUpTo == nil)
        let rating = try snapshot([1, 5, 5, 1], objective: .rating)
        #expect(rating.lineage.dislikesUpTo == nil && rating.evidence(-2, rating: 1) == 2)
        #expect(rating.evidence(-2, rating: .nan) == -2)
    }

    @Test("what it knows of them is in its file, and where there is nothing the file is as it was")
    func file() throws {
        func text(_ lineage: Lineage) -> String {
            var writer = JSONWriter()
            writer.object(lineage.encode)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        let written = text(try snapshot([1, 5, 5, 1]).lineage)
        let read = try #require(Lineage(json: JSONParser().parse(Array(written.utf8)).root))
        #expect(read.dislikesUpTo == 1 && read.newestTimestamp == 3)
        let older = text(ServingFixture.lineage())
        #expect(!older.contains("dislikes_up_to") && !older.contains("newest_timestamp"))
        let known = try #require(Lineage(json: JSONParser().parse(Array(older.utf8)).root))
        #expect(known.dislikesUpTo == nil && known.newestTimestamp == nil)
    }

    @Test("late is what lies before the newest time of the data, as far as times are known")
    func late() throws {
        let snapshot = try snapshot([1, 5, 5, 1])
        #expect(snapshot.lateCount([]) == 0 && snapshot.lateCount([1, 2, 3, 4]) == 2)
        #expect(snapshot.lateCount([0, 1]) == 0)
    }
}
