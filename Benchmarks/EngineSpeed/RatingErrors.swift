import ArgumentParser
import JSON
import NCF

/// `EngineSpeed rating-errors`: RMSE of predicted ratings on a random tenth, for each of some seeds.
///
/// The number of epochs is found on a tenth of the other nine tenths; then the model is trained anew on all of them, as a
/// published model is. The tenth that is measured decides nothing.
struct RatingErrors: ParsableCommand {
    @Option(help: "A dataset with ratings; anything that nectar import reads.")
    var from: String

    @Option(help: "mf, gmf, mlp or neumf.")
    var architecture = Architecture.mf

    @Option(help: "How many splits, seeds 1 and up.")
    var seeds = 5

    @Option(help: "Threads.")
    var threads = 2

    func run() throws {
        let dataset = try EngineSpeed.dataset(at: from)
        var (models, means, epochs): ([Double], [Double], [Int]) = ([], [], [])
        for seed in 1...UInt64(max(1, seeds)) {
            let (train, test) = dataset.split(.random, seed: seed)
            let trained = try fit(train, seed: seed)
            let model = ModelSnapshot(measuring: trained.parameters, on: train, trained.hyperparameters)
            models.append(Self.rmse(model, test, train))
            means.append(Self.rmse(ItemMeanScorer(dataset: train), test, train))
            epochs.append(trained.hyperparameters.epochs)
        }
        EngineSpeed.report { report in
            report.member("rmse", array: { list in for value in models { list.value(value) } })
            report.member("item_means", array: { list in for value in means { list.value(value) } })
            report.member("epochs", array: { list in for value in epochs { list.value(value) } })
        }
    }

    private func fit(_ train: InteractionDataset, seed: UInt64) throws -> TrainingResult {
        var settings = Hyperparameters.defaults(for: architecture, objective: .rating)
        settings.seed = seed
        settings.threads = threads
        let (part, validation) = train.split(.random, seed: seed + 1000)
        settings.epochs = try Trainer(dataset: part, hyperparameters: settings).train(holdout: validation).bestEpoch
        settings.earlyStopping = 0
        return try Trainer(dataset: train, hyperparameters: settings).train()
    }

    private static func rmse(_ scorer: any Scorer, _ test: Holdout, _ train: InteractionDataset) -> Double {
        Evaluation.rating(scorer: scorer, holdout: test, range: train.ratingRange).rmse
    }
}
