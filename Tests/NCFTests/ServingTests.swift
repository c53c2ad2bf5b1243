import TestSupport
import Testing

@testable import NCF

@Suite("Many users, similar users, and reasons")
struct ServingTests {
    @Test(
        "several users of one request get bit for bit what each gets alone", arguments: Architecture.allCases,
        [0, 1, 33, 70] as [Int])
    func severalUsers(architecture: Architecture, count: Int) {
        let snapshot = ServingFixture.snapshot(architecture, users: 9, items: 500)
        let users = (0..<count).map { $0 % 9 }
        let excluded = ItemSet(itemCount: 500, items: [1, 5, 499])
        let answers = snapshot.recommend(users: users, limit: 7, excluding: excluded)
        #expect(answers == users.map { snapshot.recommend(user: $0, limit: 7, excluding: excluded) })
    }

    @Test("a score does not depend on which items are asked for", arguments: Architecture.allCases)
    func scoresAlone(architecture: Architecture) {
        let model = ScoringModel(
            ServingFixture.parameters(
                architecture, users: 2, items: 700, seed: 3, embedding: 19, mlp: 9, hidden: [20, 17, 8]))
        let scores = model.scores(user: 1)
        for item in stride(from: 0, to: 700, by: 13) {
            #expect(model.score(user: 1, items: [Int32(item)]) == [scores[item]])
        }
    }

    @Test("users with the same taste are the most similar", arguments: Architecture.allCases)
    func similarUsers(architecture: Architecture) {
        var parameters = ServingFixture.parameters(architecture, users: 5, items: 4, seed: 2)
        let (d, m) = (parameters.embeddingDimension, parameters.mlpEmbeddingDimension)
        for k in 0..<d { parameters.userGMF[3 * d + k] = parameters.userGMF[k] * 3 }
        for k in 0..<m { parameters.userMLP[3 * m + k] = parameters.userMLP[k] * 3 }
        let snapshot = ModelSnapshot(
            version: 1, dataset: ServingFixture.dataset(users: 5, items: 4, seed: 1), parameters: parameters,
            lineage: ServingFixture.lineage())
        let similar = snapshot.similar(user: 0, limit: 9)
        #expect(similar.count == 4 && similar[0].user == 3 && abs(similar[0].score - 1) < 1e-5)
    }

    @Test("the parts of a score add up to it", arguments: Architecture.allCases)
    func parts(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture)
        for explanation in snapshot.explain(user: 3, items: [0, 7, 19]) {
            #expect(abs(explanation.parts.sum - snapshot.scores(user: 3)[explanation.item]) < 1e-5)
            #expect(explanation.parts.mlp == 0 || architecture.hasMLP)
            #expect((explanation.parts.gmf != 0) == architecture.hasGMF)
        }
    }

    @Test(
        "what a score loses without an item is what folding in the others changes", arguments: [Architecture.mf, .gmf])
    func leaveOneOut(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture, users: 40, items: 30, objective: .rating)
        let history: [Int32] = [2, 9, 4, 21, 17, 11]
        let ratings: [Float] = [5, 1, 4, 2, 5, 3]
        let user = snapshot.foldIn(items: history, ratings: ratings)
        let items: [Int32] = [0, 5, 28]
        let explanations = snapshot.explain(user, items: items, history: history, ratings: ratings, reasons: 10)
        for explanation in explanations {
            var helping = 0
            for left in history.indices {
                var (others, otherRatings) = (history, ratings)
                others.remove(at: left)
                otherRatings.remove(at: left)
                let without = snapshot.foldIn(items: others, ratings: otherRatings)
                let item = explanation.item
                let loss =
                    snapshot.predict(foldedIn: user, item: item).logit
                    - snapshot.predict(foldedIn: without, item: item).logit
                if loss > 1e-3 { helping += 1 }
                let named = explanation.becauseOf.first { $0.item == Int(history[left]) }
                #expect(abs((named?.score ?? 0) - max(0, loss)) < 2e-3)
            }
            #expect(helping > 0 && explanation.becauseOf.count >= helping)
        }
    }

    @Test("without a history there are no reasons", arguments: Architecture.allCases)
    func noHistory(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture)
        #expect(snapshot.explain(user: 0, items: [1]).map(\.becauseOf) == [[]])
        #expect(snapshot.explain(user: 1, items: []).isEmpty)
    }
}
