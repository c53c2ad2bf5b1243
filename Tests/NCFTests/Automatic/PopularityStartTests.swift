import Glibc
import Testing

@testable import NCF

@Suite("Popularity as a model")
struct PopularityStartTests {
    private let data = randomDataset(users: 40, items: 30, perUser: 6, seed: 9)

    private var settings: Hyperparameters {
        AutomaticSettings(profile: DatasetProfile(data), wish: .defaults(for: .neumf), given: []).popularity
    }

    @Test("it ranks for everybody as the counts of interactions do")
    func order() throws {
        let model = ScoringModel(try Trainer(dataset: data, hyperparameters: settings).train().parameters)
        let counts = PopularityScorer(dataset: data).scores(user: 0)
        for user in [0, 17, 39] {
            let scores = model.scores(user: user)
            for first in 0..<data.itemCount {
                for second in 0..<data.itemCount {
                    #expect((scores[first] < scores[second]) == (counts[first] < counts[second]))
                }
            }
        }
    }

    @Test("its logits are the log-odds of an interaction among its negatives")
    func odds() throws {
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        var negatives = 0.0
        for item in 0..<data.itemCount {
            let count = Double(data.items.count { $0 == Int32(item) }) + 0.5
            let odds = Double(result.parameters.itemBias[item])
            let own = Double(settings.negativesPerPositive) * 1 / Double(data.itemCount)
            negatives = own * (Double(data.interactionCount) + 0.5 * Double(data.itemCount))
            #expect(abs(odds - log(count / negatives)) < 1e-5)
        }
        #expect(result.bestEpoch == 0 && result.reports[0].loss > 0 && result.reports[0].loss < 1)
        #expect(result.parameters.userGMF.allSatisfy { $0 == 0 } && result.parameters.itemGMF.allSatisfy { $0 == 0 })
    }

    @Test("it serves: recommendations, unknown users, similar items and explanations are finite")
    func serves() throws {
        let parameters = try Trainer(dataset: data, hyperparameters: settings).train().parameters
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: data.interactionCount, hyperparameters: settings)
        let snapshot = ModelSnapshot(version: 1, dataset: data, parameters: parameters, lineage: lineage)
        #expect(parameters.isFinite)
        let best = snapshot.recommend(user: 3, limit: 5)
        let fresh = snapshot.recommend(for: snapshot.foldIn(items: [1, 2, 3]), limit: 5, hiding: [1, 2, 3])
        let similar = snapshot.similar(item: 0, limit: 5)
        #expect(best.count == 5 && fresh.count == 5)
        #expect((best + fresh + similar).allSatisfy { $0.score.isFinite })
        #expect(snapshot.similar(user: 0, limit: 5).allSatisfy { $0.score.isFinite })
        let reasons = snapshot.explain(user: 3, items: best.map { Int32($0.item) })
        #expect(reasons.allSatisfy { $0.becauseOf.allSatisfy(\.score.isFinite) && $0.parts.gmf == 0 })
    }

    @Test("a penalty under which factors stay leaves the closed form as it is")
    func ordinary() throws {
        var ordinary = settings
        ordinary.start.regularization = 0.05
        let parameters = try Trainer(dataset: data, hyperparameters: ordinary).train().parameters
        #expect(parameters.itemBias.allSatisfy { $0 == 0 } && parameters.itemGMF.contains { $0 != 0 })
    }
}
