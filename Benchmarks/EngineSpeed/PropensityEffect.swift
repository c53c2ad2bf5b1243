public import ArgumentParser
import InteractionFormats
import JSON
public import NCF

/// `EngineSpeed propensity`: what inverse-propensity weights do to what is recommended, and to how well it is found: each user's
/// newest interaction held out and ranked among the whole catalogue.
///
/// The hit rate counts what was recorded, which popularity decides as much as taste. Beside it stands the self-normalised estimate in
/// which a held-out item counts n^−e (Yang et al. 2018), and the hit rate of the items of the long tail alone: the least popular ones
/// that together have a fifth of the interactions.
struct PropensityEffect: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "propensity")

    @Option(help: "A dataset; anything that nectar import reads.")
    var from: String

    @Option(help: "Exponents, between commas.")
    var exponents = "0,0.25,0.5,0.75,1"

    @Option(help: "The greatest weight, in mean ones.")
    var clip = 10.0

    @Option(help: "Epochs after the closed form; with 0 it is the model.")
    var epochs = 0

    @Option(help: "implicit, bpr, softmax.")
    var objective = Objective.implicit

    @Option(help: "Sweeps of the closed form; 0 starts at random.")
    var sweeps = 12

    @Flag(help: "Leave histories out.")
    var withoutHistories = false

    @Option(help: "How many times, with seeds 1 and up.")
    var seeds = 3

    @Option(help: "Threads.")
    var threads = 2

    private static let cutoff = 10
    private static let tailShare = 0.2

    func run() throws {
        let (train, holdout) = try EngineSpeed.dataset(at: from).split(.leaveOneOut, seed: 1)
        for exponent in exponents.split(separator: ",").compactMap({ Double($0) }) {
            for seed in 1...UInt64(max(1, seeds)) {
                let model = try model(train, InversePropensity(exponent: exponent, clip: clip), seed: seed)
                report(model, train, holdout, exponent: exponent, seed: seed)
            }
        }
    }

    private func model(
        _ train: InteractionDataset, _ propensity: InversePropensity, seed: UInt64
    ) throws -> ModelSnapshot {
        var wish = Hyperparameters.defaults(for: .mf, objective: objective)
        (wish.seed, wish.threads, wish.epochs, wish.earlyStopping) = (seed, threads, epochs, 0)
        wish.start.sweeps = sweeps
        wish.propensity = propensity
        if withoutHistories || sweeps == 0 { wish.history = .none }
        let settings = AutomaticSettings(
            profile: DatasetProfile(train), wish: wish, given: [.architecture, .epochs, .earlyStopping, .propensity]
        ).settings
        let trained = try Trainer(dataset: train, hyperparameters: settings).train()
        return ModelSnapshot(measuring: trained.parameters, on: train, settings)
    }

    private func report(
        _ model: ModelSnapshot, _ train: InteractionDataset, _ holdout: Holdout, exponent: Double, seed: UInt64
    ) {
        let (metrics, lists) = Evaluation.fullCatalogue(
            scorer: model, train: train, holdout: holdout, cutoffs: [Self.cutoff], listLength: Self.cutoff)
        let beyond = BeyondAccuracy(lists: lists, cutoff: Self.cutoff, train: train)
        let counts = (0..<train.itemCount).map { model.interactionCount(ofItem: $0) }
        let isTail = tail(counts)
        let held = holdout.items.compactMap(\.first)
        let hits = zip(held, lists).map { $1.contains($0) }
        func estimate(_ weight: (Int32) -> Double) -> Double {
            let weights = held.map(weight)
            return zip(weights, hits).reduce(0) { $0 + ($1.1 ? $1.0 : 0) } / max(1e-12, weights.reduce(0, +))
        }
        let shown = lists.joined()
        EngineSpeed.report { report in
            report.member("propensity", exponent)
            report.member("seed", Int(seed))
            report.member("hr", metrics.hitRate(at: Self.cutoff))
            report.member("ndcg", metrics.ndcg(at: Self.cutoff))
            report.member("hr_weighted_half", estimate { 1 / Double(max(1, counts[Int($0)])).squareRoot() })
            report.member("hr_weighted_one", estimate { 1 / Double(max(1, counts[Int($0)])) })
            report.member("hr_tail", estimate { isTail[Int($0)] ? 1 : 0 })
            report.member("held_out_tail", held.count { isTail[Int($0)] })
            report.member("tail_shown", Double(shown.count { isTail[Int($0)] }) / Double(max(1, shown.count)))
            report.member("coverage", beyond.coverage)
            report.member("gini", beyond.gini)
            report.member("novelty", beyond.novelty)
        }
    }

    /// Whether each item is one of the least popular ones that together have so large a share of the interactions.
    private func tail(_ counts: [Int]) -> [Bool] {
        var isTail = [Bool](repeating: false, count: counts.count)
        var left = Int(Double(counts.reduce(0, +)) * Self.tailShare)
        for item in counts.indices.sorted(by: { (counts[$0], $0) < (counts[$1], $1) }) {
            left -= counts[item]
            if left < 0 { break }
            isTail[item] = true
        }
        return isTail
    }
}

extension Objective: ExpressibleByArgument {}
