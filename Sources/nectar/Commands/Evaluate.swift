import ArgumentParser
import InteractionFormats
import InteractionStorage
import NCF
import RecommendationService

/// `nectar evaluate`: trains on one part of the data and measures on the other; nothing is published.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a model and measures it beside popularity; publishes nothing.",
        discussion: """
            On the store (--data), on a dataset's files (--from), or on a split as the NCF paper's authors publish theirs
            (--train-pairs, --held-out and --held-out-negatives; plain or gzip). A prescribed split is measured once, at the end:
            the epochs are as given, or found by --validate on a tenth of the training pairs.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var model: ModelOptions

    @Option(help: "A dataset to read instead of the store; anything that nectar import reads.")
    var from: String?

    @Option(help: "What is set aside to measure on: leave_one_out, temporal or random.")
    var holdout = HoldoutStrategy.leaveOneOut

    @Option(help: "File of training pairs: user, item, separated by tabs.")
    var trainPairs: String?

    @Option(help: "File of held-out pairs, one a user.")
    var heldOut: String?

    @Option(help: "File of negatives, one line a held-out pair.")
    var heldOutNegatives: String?

    @Flag(
        name: .customLong("validate"),
        help: "With a prescribed split: find the number of epochs on a tenth of the training pairs first.")
    var findsEpochs = false

    func validate() throws {
        guard holdout != .none else {
            throw ValidationError(
                "--holdout must be leave_one_out, temporal or random: without one nothing is measured.")
        }
    }

    func run() throws {
        let configuration = try options.load()
        let settings = try model.hyperparameters(threads: configuration.trainingThreads)
        if let trainPairs {
            guard let heldOut, let heldOutNegatives else {
                throw ValidationError("--train-pairs needs --held-out and --held-out-negatives.")
            }
            try evaluate(
                split: LeaveOneOutSplit(
                    trainingPath: trainPairs, heldOutPath: heldOut, negativesPath: heldOutNegatives),
                settings)
        } else {
            let dataset = try from.map(read) ?? stored(configuration)
            try evaluate(dataset, settings)
        }
    }

    private func stored(_ configuration: ServiceConfiguration) throws -> InteractionDataset {
        let data = try DataDirectory(existing: configuration)
        return try Fatal.unless { try OfflineTraining.dataset(of: data.store) }
    }

    private func read(_ path: String) throws -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        _ = try Fatal.unless {
            try DatasetReader(path: path).readInteractions(faults: { throw $0 }) { interaction in
                builder.add(
                    userID: interaction.userID, itemID: interaction.itemID, rating: interaction.rating.map(Float.init),
                    weight: interaction.weight.map(Float.init) ?? 1, timestamp: interaction.timestamp ?? 0)
            }
        }
        return builder.build()
    }

    private func evaluate(_ dataset: InteractionDataset, _ settings: Hyperparameters) throws {
        let (train, held) = dataset.split(holdout, seed: settings.seed)
        describe(train, heldOut: held.interactionCount)
        let result = try fit(train, settings, holdout: held)
        Report.evaluation(
            TrainingEvaluation(of: snapshot(result, train), train: train, holdout: held, seed: settings.seed))
    }

    private func evaluate(split: LeaveOneOutSplit, _ settings: Hyperparameters) throws {
        let (train, test) = PaperProtocol.dataset(of: split)
        describe(train, heldOut: test.interactionCount)
        var settings = settings
        if findsEpochs {
            let (part, validation) = train.split(.random, seed: settings.seed)
            print("Finding the number of epochs on \(validation.interactionCount) training pairs:")
            settings.epochs = max(
                settings.start.sweeps > 0 ? 0 : 1, try fit(part, settings, holdout: validation).bestEpoch)
        }
        settings.earlyStopping = 0
        let result = try fit(train, settings, holdout: nil)
        let popularity = PopularityScorer(dataset: train)
        let model = snapshot(result, train)
        func measure(_ scorer: any Scorer, _ rankingProtocol: Evaluation.RankingProtocol) -> RankingMetrics {
            Evaluation.ranking(
                scorer: scorer, train: train, holdout: test, cutoffs: [10], protocol: rankingProtocol)
        }
        Report.header("given negatives")
        Report.row(settings.architecture.rawValue, measure(model, .fixedNegatives), measure(model, .fullCatalogue))
        Report.row("popularity", measure(popularity, .fixedNegatives), measure(popularity, .fullCatalogue))
    }

    private func describe(_ train: InteractionDataset, heldOut: Int) {
        print(
            "\(train.userCount) users, \(train.itemCount) items, \(train.interactionCount) interactions to train on, "
                + "\(heldOut) held out.")
    }

    private func fit(
        _ train: InteractionDataset, _ settings: Hyperparameters, holdout: Holdout?
    ) throws -> TrainingResult {
        let result: TrainingResult
        do throws(TrainingError) {
            result = try Trainer(dataset: train, hyperparameters: settings)
                .train(holdout: holdout, observer: EpochPrinter())
        } catch {
            throw Fatal(description: error.sentence)
        }
        let epochs = result.reports.filter { !$0.isClosedForm }
        let samples = epochs.reduce(0) { $0 + $1.samples }
        let seconds = epochs.reduce(0) { $0 + $1.seconds }
        let rate = Report.millions(Double(samples) / max(seconds, 1e-9))
        print("Trained \(rate) samples/s over \(epochs.count) epochs.")
        return result
    }

    private func snapshot(_ result: TrainingResult, _ dataset: InteractionDataset) -> ModelSnapshot {
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: dataset.interactionCount,
            hyperparameters: result.hyperparameters)
        return ModelSnapshot(version: 0, dataset: dataset, parameters: result.parameters, lineage: lineage)
    }
}

/// Prints each epoch as it ends.
struct EpochPrinter: TrainingObserver {
    func epochFinished(_ report: EpochReport) { Report.epoch(report) }
}
