import Dispatch
import Glibc
import Locking
import Testing

@testable import NCF

@Suite("Serving a model")
struct ModelSnapshotTests {
    @Test("scores equal the formula, item by item", arguments: Architecture.allCases, [1, 20, 33] as [Int])
    func scoresEqualReference(architecture: Architecture, items: Int) {
        let parameters = ServingFixture.parameters(architecture, users: 4, items: items, seed: 3)
        let model = ScoringModel(parameters)
        for user in 0..<4 {
            let scores = model.scores(user: user)
            let picked = Array(stride(from: Int32(items - 1), through: 0, by: -2))
            let few = model.score(user: user, items: picked)
            for item in 0..<items {
                #expect(abs(scores[item] - parameters.logit(user: user, item: item)) < 1e-5)
            }
            for (item, score) in zip(picked, few) { #expect(abs(score - scores[Int(item)]) < 1e-5) }
        }
    }

    @Test("a catalogue of several blocks scores like the formula", arguments: [[64, 32], [40]] as [[Int]])
    func scoresAcrossBlocks(hidden: [Int]) {
        let parameters = ServingFixture.parameters(
            .neumf, users: 2, items: 2500, seed: 5, embedding: 16, mlp: 8, hidden: hidden)
        let scores = ScoringModel(parameters).scores(user: 1)
        for item in stride(from: 0, to: 2500, by: 7) {
            #expect(abs(scores[item] - parameters.logit(user: 1, item: item)) < 2e-5)
        }
    }

    @Test("recommends the best unseen items, exactly")
    func recommends() {
        let snapshot = ServingFixture.snapshot()
        for user in 0..<snapshot.userCount {
            let seen = Set(snapshot.seenItems(of: user).map(Int.init))
            let scores = snapshot.scores(user: user)
            let excluded = ItemSet(itemCount: 20, items: [3, 4])
            let expected = (0..<20).filter { !seen.contains($0) && $0 != 3 && $0 != 4 }
                .sorted { scores[$0] > scores[$1] }
            let answer = snapshot.recommend(user: user, limit: 50, excluding: excluded)
            #expect(answer.map(\.item) == expected)
            #expect(answer.allSatisfy { $0.score == scores[$0.item] })
            #expect(snapshot.recommend(user: user, limit: 50, excludingSeen: false).count == 20)
            #expect(snapshot.recommend(user: user, limit: 0).isEmpty)
            #expect(snapshot.recommend(user: user, limit: 3, excludingSeen: false).count == 3)
        }
        #expect(
            snapshot.recommend(
                user: 1, limit: 5, excludingSeen: false, excluding: ItemSet(itemCount: 20, items: 0..<20)
            ).isEmpty)
    }

    @Test("an empty catalogue answers with nothing", arguments: Architecture.allCases)
    func emptyCatalogue(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture, users: 2, items: 0)
        #expect(snapshot.recommend(user: 1, limit: 10).isEmpty)
        #expect(snapshot.popular(limit: 10).isEmpty)
        #expect(snapshot.predict(user: 0, item: nil).logit.isFinite)
        #expect(ServingFixture.snapshot(architecture, users: 0, items: 3).predict(user: nil, item: 2).logit.isFinite)
    }

    @Test("popular items come by interactions, then by index")
    func popular() {
        let snapshot = ServingFixture.snapshot()
        let all = snapshot.popular(limit: 100)
        #expect(all.count == 20)
        #expect(
            zip(all, all.dropFirst()).allSatisfy {
                $0.score > $1.score || ($0.score == $1.score && $0.item < $1.item)
            })
        #expect(all.allSatisfy { Int($0.score) == snapshot.interactionCount(ofItem: $0.item) })
        let best = all[0].item
        #expect(snapshot.popular(limit: 2, excluding: ItemSet(itemCount: 20, items: [best])) == Array(all[1...2]))
        #expect(snapshot.popular(limit: 0).isEmpty)
    }

    @Test("a prediction says what it rests on", arguments: Architecture.allCases)
    func predicts(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture)
        let known = snapshot.predict(user: 2, item: 3)
        #expect(known.basis == .model && known.rating == nil)
        #expect(abs(known.logit - snapshot.scores(user: 2)[3]) < 1e-5)
        #expect(abs(known.probability - 1 / (1 + exp(-known.logit))) < 1e-6)
        #expect(snapshot.predict(user: 2, item: nil).basis == .userOnly)
        #expect(snapshot.predict(user: nil, item: 3).basis == .itemOnly)
        #expect(snapshot.predict(user: nil, item: nil).basis == .prior)
    }

    @Test("for matrix factorisation the prediction for an unknown user is the mean over the users")
    func meanUser() {
        let snapshot = ServingFixture.snapshot(.mf)
        let mean = (0..<6).map { snapshot.predict(user: $0, item: 4).logit }.reduce(0, +) / 6
        #expect(abs(snapshot.predict(user: nil, item: 4).logit - mean) < 1e-5)
        let meanItem = (0..<20).map { snapshot.predict(user: 4, item: $0).logit }.reduce(0, +) / 20
        #expect(abs(snapshot.predict(user: 4, item: nil).logit - meanItem) < 1e-5)
    }

    @Test(
        "a rating stays on the data's scale",
        arguments: [(-9, 1, 0), (3, 3, 0.5), (99, 5, 1)] as [(Float, Float, Float)])
    func clampsRatings(logit: Float, rating: Float, position: Float) {
        let data = ServingFixture.dataset(users: 6, items: 20, seed: 7, rated: true)
        let snapshot = ModelSnapshot(
            version: 1, dataset: data, parameters: ServingFixture.parameters(.mf, users: 6, items: 20, seed: 7),
            lineage: ServingFixture.lineage(.rating))
        #expect(snapshot.ratingRange == 1...5)
        let prediction = snapshot.prediction(logit: logit, basis: .model)
        #expect(prediction.logit == logit && prediction.rating == rating && prediction.probability == position)
    }

    @Test("similar items point the same way, and never include the item itself", arguments: Architecture.allCases)
    func similar(architecture: Architecture) {
        let dataset = ServingFixture.dataset(users: 3, items: 4, seed: 1)
        var parameters = ServingFixture.parameters(architecture, users: 3, items: 4, seed: 2)
        let (d, m) = (parameters.embeddingDimension, parameters.mlpEmbeddingDimension)
        // Item 2 is item 0 at half the length.
        for k in 0..<d { parameters.itemGMF[2 * d + k] = parameters.itemGMF[k] / 2 }
        for k in 0..<m { parameters.itemMLP[2 * m + k] = parameters.itemMLP[k] / 2 }
        let snapshot = ModelSnapshot(
            version: 1, dataset: dataset, parameters: parameters, lineage: ServingFixture.lineage())
        let similar = snapshot.similar(item: 0, limit: 9)
        #expect(similar.count == 3 && similar[0].item == 2 && abs(similar[0].score - 1) < 1e-5)
        #expect(similar.allSatisfy { $0.item != 0 && abs($0.score) <= 1.0001 })
    }

    @Test("several threads at once get the answers that one gets")
    func concurrentScoring() {
        let snapshot = ServingFixture.snapshot(users: 16, items: 700)
        let expected = (0..<16).map { snapshot.recommend(user: $0, limit: 20) }
        let wrong = Lock(0)
        DispatchQueue.concurrentPerform(iterations: 64) { round in
            if snapshot.recommend(user: round % 16, limit: 20) != expected[round % 16] {
                wrong.withLock { $0 += 1 }
            }
        }
        #expect(wrong.withLock { $0 } == 0)
    }
}
