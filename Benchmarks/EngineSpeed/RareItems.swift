import ArgumentParser
import InteractionFormats
import InteractionStorage
import JSON
import NCF
import RecommendationService

/// `EngineSpeed rare-items`: what the items' features add for items that the model knows, on a random tenth held out: the ranking
/// of the whole catalogue, and where held-out items of fewer than ten interactions come among others as rare.
struct RareItems: ParsableCommand {
    @Option(help: "A dataset with a file of items; anything that nectar import reads.")
    var from: String

    @Option(help: "mf or neumf.")
    var architecture = Architecture.mf

    @Option(help: "Epochs after the closed form.")
    var epochs = 0

    @Option(help: "Only so large a random share of the interactions.")
    var share = 1.0

    @Option(help: "How many times, with seeds 1 and up.")
    var seeds = 3

    @Option(help: "Threads.")
    var threads = 2

    /// Items with fewer are rare.
    private static let rareCount = 10

    func run() throws {
        let reader = try DatasetReader(path: from)
        var records: [ExactName: FeatureRecord] = [:]
        try reader.readItems(faults: { throw $0 }) { records[ExactName($0.id)] = FeatureRecord($0) }
        for seed in 1...UInt64(max(1, seeds)) {
            var random = ThinnedData.Generator(state: seed)
            var builder = InteractionDataset.Builder()
            try reader.readInteractions(faults: { throw $0 }) { row in
                guard Double.random(in: 0..<1, using: &random) < share else { return }
                builder.add(userID: row.userID, itemID: row.itemID, rating: nil, timestamp: row.timestamp ?? 0)
            }
            let (train, holdout) = builder.build().split(.random, seed: seed)
            var known: [Int: FeatureRecord] = [:]
            for item in 0..<train.itemCount { known[item] = records[ExactName(train.itemIDs[item])] }
            let features = ItemFeatures(known, settings: FeatureSettings())
            let without = try model(train, features: nil, seed: seed)
            let with = try model(train, features: features, seed: seed)
            EngineSpeed.report { report in
                report.member("seed", Int(seed))
                report.member("interactions", train.interactionCount)
                for (name, model) in [("without", without), ("with", with)] {
                    let metrics = Evaluation.ranking(
                        scorer: model, train: train, holdout: holdout, cutoffs: [10], protocol: .fullCatalogue)
                    report.member("\(name)_hr", metrics.hitRate(at: 10))
                    report.member("\(name)_ndcg", metrics.ndcg(at: 10))
                    report.member("\(name)_auc", metrics.auc)
                    let rare = rareArea(model, train, holdout)
                    report.member("\(name)_rare_auc", rare.area)
                    report.member("rare_pairs", rare.count)
                }
            }
        }
    }

    private func model(_ train: InteractionDataset, features: ItemFeatures?, seed: UInt64) throws -> ModelSnapshot {
        var wish = Hyperparameters.defaults(for: architecture, objective: .implicit)
        (wish.seed, wish.threads, wish.epochs, wish.earlyStopping) = (seed, threads, epochs, 0)
        let settings = AutomaticSettings(
            profile: DatasetProfile(train), wish: wish, given: [.architecture, .epochs, .earlyStopping]
        ).settings
        let trained = try Trainer(dataset: train, hyperparameters: settings, features: features).train()
        return ModelSnapshot(measuring: trained.parameters, on: train, settings)
    }

    /// The share of the rare items that a user has nothing to do with which come after the rare held-out one.
    private func rareArea(
        _ model: ModelSnapshot, _ train: InteractionDataset, _ holdout: Holdout
    ) -> (area: Double, count: Int) {
        let rare = (0..<train.itemCount).filter { (1..<Self.rareCount).contains(model.interactionCount(ofItem: $0)) }
        var (area, count) = (0.0, 0)
        for user in 0..<train.userCount {
            let held = Set(holdout.items[user].map(Int.init))
            let positives = rare.filter(held.contains)
            if positives.isEmpty { continue }
            let seen = Set(model.seenItems(of: user).map(Int.init))
            let scores = model.scores(user: user)
            let others = rare.filter { !held.contains($0) && !seen.contains($0) }.map { scores[$0] }
            for item in positives where !others.isEmpty {
                let below = others.count { $0 < scores[item] }
                let ties = others.count { $0 == scores[item] }
                area += (Double(below) + Double(ties) / 2) / Double(others.count)
                count += 1
            }
        }
        return (count > 0 ? area / Double(count) : 0, count)
    }
}
