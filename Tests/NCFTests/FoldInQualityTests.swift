import Glibc
import Testing

@testable import NCF

@Suite("Folding in against training")
struct FoldInQualityTests {
    private static let itemCount = 240
    private static let userCount = 1200
    private static let newcomers = 1050..<1200
    private static let heldOut = 4

    /// What each user took, by planted tastes and popularity: the first four are held out.
    private func histories() -> [[Int]] {
        var random = SplitMix64(seed: 11)
        func vectors(_ count: Int) -> [[Double]] { (0..<count).map { _ in (0..<6).map { _ in random.nextNormal() } } }
        let (users, items) = (vectors(Self.userCount), vectors(Self.itemCount))
        let popularity = items.map { _ in random.nextNormal() }
        return users.map { user in
            // The greatest of utility plus Gumbel noise: drawn without repetition by exp(utility).
            let keys = items.indices.map { item in
                let taste = zip(user, items[item]).reduce(0) { $0 + $1.0 * $1.1 }
                return taste + popularity[item] - log(-log(max(1e-12, random.nextUnit())))
            }
            let taken = items.indices.sorted { keys[$0] > keys[$1] }.prefix(24)
            return taken.shuffled(using: &random)
        }
    }

    private func snapshot(
        _ architecture: Architecture, of users: Range<Int>, _ histories: [[Int]]
    ) throws -> ModelSnapshot {
        var builder = InteractionDataset.Builder()
        for user in users {
            for item in histories[user].dropFirst(Self.heldOut) {
                builder.add(userID: "u\(user)", itemID: "i\(item)", rating: nil)
            }
        }
        let data = builder.build()
        let settings = Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 8, mlpEmbeddingDimension: 8,
            hiddenLayerSizes: [16, 8],
            start: ClosedFormStart(sweeps: 8, regularization: 0.02, unobservedWeight: 0.1), epochs: 3,
            batchSize: 500, learningRate: 0.01, earlyStopping: 0, threads: 1)
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        var lineage = ServingFixture.lineage()
        lineage.hyperparameters = settings
        return ModelSnapshot(version: 1, dataset: data, parameters: result.parameters, lineage: lineage)
    }

    /// How many of what the newcomers have held out are among the ten that `answer` names.
    private func hits(
        _ histories: [[Int]], _ snapshot: ModelSnapshot, answer: (Int, [Int32]) -> [ScoredItem]
    ) -> Int {
        Self.newcomers.reduce(0) { sum, user in
            let history = histories[user].dropFirst(Self.heldOut).compactMap { snapshot.items.index(of: "i\($0)") }
            let wanted = Set(histories[user].prefix(Self.heldOut).compactMap { snapshot.items.index(of: "i\($0)") })
            return sum + answer(user, history.map(Int32.init)).count { wanted.contains($0.item) }
        }
    }

    @Test(
        "users who are folded in get at least 95 % of the hits that training with them gives",
        arguments: [Architecture.mf, .neumf])
    func keepsQuality(architecture: Architecture) throws {
        let histories = histories()
        let whole = try snapshot(architecture, of: 0..<Self.userCount, histories)
        let trained = hits(histories, whole) { user, _ in
            whole.users.index(of: "u\(user)").map { whole.recommend(user: $0, limit: 10) } ?? []
        }
        let part = try snapshot(architecture, of: 0..<Self.newcomers.lowerBound, histories)
        let folded = hits(histories, part) { _, history in
            part.recommend(for: part.foldIn(items: history), limit: 10, hiding: history)
        }
        let popular = hits(histories, part) { _, history in
            part.popular(limit: 10, excluding: ItemSet(itemCount: part.itemCount, items: history.map(Int.init)))
        }
        #expect(Double(folded) >= 0.95 * Double(trained), "\(folded) folded in, \(trained) trained")
        #expect(Double(folded) > 1.5 * Double(popular), "\(folded) folded in, \(popular) popular")
    }
}
