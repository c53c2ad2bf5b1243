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

    @Test(
        "the catalogue is scored for several users as for each alone, to the bit", arguments: Architecture.allCases,
        [1, 3, 4, 9])
    func catalogueOfSeveralUsers(architecture: Architecture, count: Int) {
        let snapshot = ServingFixture.snapshot(architecture, users: 12, items: 900, seed: 3)
        let users = Array((0..<12).shuffled().prefix(count))
        var scores = [Float](repeating: -1, count: count * 900 + 5)
        var span = scores.mutableSpan
        snapshot.score(users: users[...], into: &span)
        for (place, user) in users.enumerated() {
            #expect(Array(scores[place * 900..<(place + 1) * 900]) == snapshot.scores(user: user))
        }
        #expect(scores.suffix(5).allSatisfy { $0 == -1 })
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
        // A vector that is nobody's leaves nobody out.
        let own = UserVector(
            gmf: Array(parameters.userGMF[..<d]), mlp: Array(parameters.userMLP[..<m]), bias: 0)
        #expect(snapshot.similarUsers(to: own, limit: 9, excluding: 0) == similar)
        let everybody = snapshot.similarUsers(to: own, limit: 9)
        #expect(everybody.count == 5 && Set(everybody.prefix(2).map(\.user)) == [0, 3])
        snapshot.hide(snapshot.users[3])
        #expect(snapshot.similar(user: 0, limit: 9) == Array(similar.dropFirst()))
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

    @Test("with histories too, of what was rated: what is in the bag, and what the ratings moved")
    func leaveOneOutOfBag() {
        let data = ServingFixture.dataset(users: 40, items: 30, seed: 7, rated: true)
        let snapshot = ModelSnapshot(
            version: 1, dataset: data, parameters: ServingFixture.parametersWithHistory(.mf, data, seed: 8),
            lineage: ServingFixture.lineage(.rating))
        let history: [Int32] = [2, 9, 4, 21, 17, 11]
        let (ratings, weights): ([Float], [Float]) = ([5, 1, 4, 2, 5, .nan], [1, 0.5, 1, 1, 2, 1])
        let user = snapshot.foldIn(items: history, weights: weights, ratings: ratings)
        let explanations = snapshot.explain(
            user, items: [0, 5, 28], history: history, weights: weights, ratings: ratings, reasons: 10)
        var largest: Float = 0
        for explanation in explanations {
            for left in history.indices {
                let others = history.indices.filter { $0 != left }
                let without = snapshot.foldIn(
                    items: others.map { history[$0] }, weights: others.map { weights[$0] },
                    ratings: others.map { ratings[$0] })
                let loss =
                    snapshot.predict(foldedIn: user, item: explanation.item).logit
                    - snapshot.predict(foldedIn: without, item: explanation.item).logit
                let named = explanation.becauseOf.first { $0.item == Int(history[left]) }
                #expect(abs((named?.score ?? 0) - max(0, loss)) < 5e-3, "\(explanation.item) without \(left): \(loss)")
                largest = max(largest, loss)
            }
        }
        #expect(largest > 0.1)
    }

    @Test("without a history there are no reasons", arguments: Architecture.allCases)
    func noHistory(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture)
        #expect(snapshot.explain(user: 0, items: [1]).map(\.becauseOf) == [[]])
        #expect(snapshot.explain(user: 1, items: []).isEmpty)
    }
}

@Suite("Ranking a large catalogue by less than all of it")
struct ServingOptionsTests {
    @Test(
        "compact items give the same answers to the last bit, ties and broken numbers included",
        arguments: ServingKernels.available.indices, [Architecture.mf, .gmf])
    func compactItems(instructionSet: Int, architecture: Architecture) {
        for seed in 0..<3 as Range<UInt64> {
            var parameters = ServingFixture.parameters(
                architecture, users: 40, items: 900, seed: seed, embedding: 21)
            spoil(&parameters, seed: seed)
            let exact = snapshot(parameters, instructionSet)
            let compact = exact.serving(ServingOptions(compactItems: true))
            #expect(compact.model.compact != nil)
            let excluded = ItemSet(itemCount: 900, items: [3, 64, 899])
            let users = Array(0..<40)
            for limit in [1, 10, 100, 400] {
                let expected = exact.recommend(users: users, limit: limit, excluding: excluded)
                #expect(compact.recommend(users: users, limit: limit, excluding: excluded) == expected)
            }
            let vector = exact.foldIn(items: [7, 8, 9])
            #expect(compact.recommend(for: vector, limit: 10) == exact.recommend(for: vector, limit: 10))
        }
    }

    /// Equal items, a row of zeros, numbers of every size, and some that are none.
    private func spoil(_ parameters: inout ModelParameters, seed: UInt64) {
        let d = parameters.embeddingDimension
        for item in 100..<140 {
            for k in 0..<d { parameters.itemGMF[item * d + k] = parameters.itemGMF[(item + 40) * d + k] }
            parameters.itemBias[item] = parameters.itemBias[item + 40]
        }
        for k in 0..<d {
            parameters.itemGMF[200 * d + k] = 0
            parameters.itemGMF[201 * d + k] *= 1e-38
            parameters.itemGMF[202 * d + k] *= 1e-30
            parameters.itemGMF[203 * d + k] *= 1e30
            parameters.userGMF[5 * d + k] = 0
            parameters.userGMF[6 * d + k] *= 1e25
            parameters.userGMF[7 * d + k] *= 1e-30
        }
        parameters.itemGMF[204 * d] = 40
        parameters.itemGMF[205 * d] = .infinity
        parameters.itemGMF[206 * d + 1] = .nan
        parameters.userGMF[8 * d + 2] = seed == 0 ? .nan : .infinity
        parameters.itemBias[207] = seed == 0 ? .nan : seed == 1 ? 3e7 : .infinity
        parameters.userBias[9] = 1e10
    }

    private func snapshot(_ parameters: ModelParameters, _ instructionSet: Int = 0) -> ModelSnapshot {
        let plain = ModelSnapshot(
            version: 1,
            dataset: ServingFixture.dataset(users: parameters.userCount, items: parameters.itemCount, seed: 5),
            parameters: parameters, lineage: ServingFixture.lineage())
        return ModelSnapshot(
            version: 1, users: plain.users, items: plain.items, lineage: plain.lineage, ratingScale: nil,
            model: ScoringModel(parameters, kernels: ServingKernels.available[instructionSet]), seen: plain.seen,
            popularity: plain.popularity, popularityOrder: plain.popularityOrder, prior: plain.prior)
    }

    @Test("a bound is never below the score, and seldom far above it")
    func bounds() throws {
        let model = ScoringModel(ServingFixture.parameters(.mf, users: 30, items: 500, seed: 12, embedding: 64))
        let compact = CompactItems(model)
        var (slack, spread) = (Float(0), Float(0))
        for user in 0..<30 {
            let scores = model.scores(user: user)
            let found = try #require(self.bounds(of: user, model, compact))
            for item in 0..<500 {
                #expect(found[item] >= scores[item])
                slack += (found[item] - scores[item]) / 15000
                spread += abs(scores[item]) / 15000
            }
        }
        #expect(slack < 0.05 * spread, "\(slack) \(spread)")
    }

    private func bounds(of user: Int, _ model: ScoringModel, _ compact: CompactItems) -> [Float]? {
        let memory = AlignedBuffer<Float>(count: model.preparedCount, repeating: 0)
        let prepared = unsafe model.prepare(user: user, in: memory.base)
        var bounds = [Float](repeating: 0, count: model.itemCount)
        guard let (reach, constant) = unsafe compact.bounds(of: prepared) else { return nil }
        unsafe model.itemBias.withUnsafeBufferPointer { bias in
            guard let bias = bias.baseAddress else { return }
            unsafe compact.withRows(0..<model.itemCount, bias: bias) { rows in
                unsafe model.kernels.bound(
                    rows, by: prepared.weighted, reach: reach, constant: constant, into: &bounds)
            }
        }
        return bounds
    }

    @Test("a preselection's answers are those of the whole model on what it chose, and say that they may miss an item")
    func preselection() {
        let parameters = ServingFixture.parameters(
            .neumf, users: 12, items: 800, seed: 3, embedding: 8, mlp: 4, hidden: [8, 4])
        let exact = snapshot(parameters)
        let options = ServingOptions(towerMultiplications: 20 * exact.towerMultiplications)
        let subjects = (0..<12).map { RankingSubject(.user($0), hidden: [Int32($0)]) }
        let found = exact.serving(options).rank(for: subjects, limit: 10)
        let all = exact.rank(for: subjects, limit: 800)
        #expect(!found.areExact && all.areExact && exact.serving(options).preselects)
        for (user, list) in found.lists.enumerated() {
            #expect(list.count == 10)
            // In the order of the exact list, with the exact scores.
            let places = list.compactMap { all.lists[user].firstIndex(of: $0) }
            #expect(places.count == 10 && places == places.sorted())
        }
        var hits = 0
        let lists = exact.serving(options).recommend(users: Array(0..<12), limit: 10)
        for (list, expected) in zip(lists, exact.recommend(users: Array(0..<12), limit: 10)) {
            hits += expected.count { item in list.contains { $0.item == item.item } }
        }
        let recall = exact.serving(options).recallOfPreselection(users: Array(0..<12), limit: 10)
        #expect(recall == Double(hits) / 120 && recall > 0.5 && recall < 1)
        #expect(exact.recallOfPreselection(users: [1], limit: 10) == 1)
        // Whoever asks for half of the catalogue or more gets the exact answer's items.
        let many = exact.serving(options).rank(for: subjects, limit: 500)
        #expect(many.lists == exact.rank(for: subjects, limit: 500).lists)
    }

    @Test("a tower that costs no more than is allowed ranks everything")
    func affordable() {
        let exact = ServingFixture.snapshot(.neumf, items: 50)
        let cost = 50 * exact.towerMultiplications
        #expect(!exact.serving(ServingOptions(towerMultiplications: cost)).preselects)
        #expect(exact.serving(ServingOptions(towerMultiplications: cost - 1)).preselects)
        #expect(!exact.serving(ServingOptions(towerMultiplications: 0)).preselects)
        // Without a GMF branch there is nothing to choose by.
        let options = ServingOptions(compactItems: true, towerMultiplications: 1)
        #expect(!ServingFixture.snapshot(.mlp, items: 50).serving(options).preselects)
        #expect(ServingFixture.snapshot(.neumf, items: 50).serving(options).model.compact == nil)
    }

    @Test(
        "where few items are left, only these are ranked, as they would be among all", arguments: Architecture.allCases)
    func fewItems(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture, users: 9, items: 400)
        let left = ItemSet(itemCount: 400, items: [0, 7, 63, 64, 200, 399])
        let hidden: [Int32] = [7, 64, -1, 400]
        for options in [ServingOptions(), ServingOptions(compactItems: true, towerMultiplications: 1)] {
            let found = snapshot.serving(options).rank(
                for: (0..<9).map { RankingSubject(.user($0), hidden: hidden) }, limit: 4, excludingSeen: false,
                excluding: left.complement)
            #expect(found.areExact)
            for (user, list) in found.lists.enumerated() {
                let scores = snapshot.scores(user: user)
                let expected = [0, 63, 200, 399].map { ScoredItem(item: $0, score: scores[$0]) }
                #expect(list == expected.sorted { $0.score > $1.score })
            }
        }
        #expect(snapshot.recommend(user: 1, limit: 4, excluding: ItemSet(itemCount: 400).complement).isEmpty)
    }

    @Test("sets unite, have complements, and name their items", arguments: [1, 63, 64, 65, 200])
    func itemSets(itemCount: Int) {
        var odd = ItemSet(itemCount: itemCount, items: stride(from: 1, to: itemCount, by: 2))
        let even = ItemSet(itemCount: itemCount, items: stride(from: 0, to: itemCount, by: 2))
        #expect(odd.complement == even && even.complement == odd)
        #expect(even.items == stride(from: 0, to: Int32(itemCount), by: 2).map { $0 })
        odd.formUnion(even)
        #expect(odd.count == itemCount && odd.complement.isEmpty)
    }
}
