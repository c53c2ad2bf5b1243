import ArgumentParser
import Foundation
import InteractionFormats
import InteractionStorage
import NCF
import RecommendationService

/// `nectar evaluate`: trains on one part of the data and measures on the other; nothing is published.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a model and measures it beside popularity and mf; publishes nothing.",
        discussion: """
            On the store (--data), on a dataset's files (--from), or on a split as the NCF paper's authors publish theirs
            (--train-pairs, --held-out and --held-out-negatives; plain or gzip). A prescribed split is measured once, at the end:
            the epochs are as given, or found by --validate on a tenth of the training pairs.

            Every figure comes with an interval: where it would lie had other users been measured (bootstrap). With --json the
            report is one JSON document on standard output, and progress goes to standard error.
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

    @Option(help: "Cutoffs to look at the ranking down to, for example 5,10,20.")
    var cutoffs = "10"

    @Option(help: "Items set against each held-out one in the sampled protocol.")
    var sampledNegatives = 99

    @OptionGroup var measured: MeasuringOptions

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        _ = try measuring()
        guard holdout != .none else {
            throw ValidationError(
                "--holdout must be leave_one_out, temporal or random: without one nothing is measured.")
        }
    }

    private func measuring() throws -> EvaluationSettings {
        var settings = measured.settings
        let cutoffs = self.cutoffs.split(separator: ",").map { Int($0) ?? 0 }
        guard !cutoffs.isEmpty, cutoffs.allSatisfy({ (1...1000).contains($0) }) else {
            throw ValidationError("--cutoffs: \"\(self.cutoffs)\" are not whole numbers from 1 to 1000.")
        }
        guard (1...100_000).contains(sampledNegatives) else {
            throw ValidationError("--sampled-negatives must be 1 to 100000.")
        }
        settings.cutoffs = Set(cutoffs).sorted()
        settings.sampledNegatives = sampledNegatives
        settings.seed = model.seed
        return settings
    }

    func run() throws {
        let configuration = try options.load()
        var request = try model.request(threads: configuration.trainingThreads, learning: configuration.learning)
        request.holdout = holdout
        if let trainPairs {
            guard let heldOut, let heldOutNegatives else {
                throw ValidationError("--train-pairs needs --held-out and --held-out-negatives.")
            }
            // The files' own text is let go of before anything is trained.
            let (train, test) = PaperProtocol.dataset(
                of: try LeaveOneOutSplit(
                    trainingPath: trainPairs, heldOutPath: heldOut, negativesPath: heldOutNegatives))
            try evaluate(train, test: test, request, configuration.serving)
        } else {
            if let from {
                return try evaluate(read(from, configuration.kinds), request, configuration.serving)
            }
            let store = try DataDirectory(existing: configuration).store
            try evaluate(stored(configuration, store), request, configuration.serving) {
                try OfflineTraining.itemFeatures(of: $0, store, configuration.features)
            }
        }
    }

    private func stored(
        _ configuration: ServiceConfiguration, _ store: any InteractionStore
    ) throws -> InteractionDataset {
        try Fatal.unless { try OfflineTraining.dataset(of: store, kinds: configuration.kinds) }
    }

    private func read(_ path: String, _ kinds: InteractionKinds) throws -> InteractionDataset {
        var assembly = DatasetAssembly(kinds: kinds)
        _ = try Fatal.unless {
            try DatasetReader(path: path, limits: kinds.limits).readInteractions(faults: { throw $0 }) {
                assembly.add($0)
            }
        }
        return assembly.build()
    }

    private func evaluate(
        _ dataset: InteractionDataset, _ request: TrainingRequest, _ serving: ServingOptions,
        features: (InteractionDataset) throws -> ItemFeatures? = { _ in nil }
    ) throws {
        let (cleaned, core) = dataset.inspected(by: request.hyperparameters.cleaning)
        let whole = cleaned.prepared(for: request.hyperparameters.objective)
        let split = whole.split(holdout, seed: request.hyperparameters.seed)
        let seen = core.learned(from: split.train)
        describe(seen, heldOut: split.holdout.interactionCount)
        let items = try Fatal.unless { try features(whole) }
        let settings = try choose(for: seen, items, request).hyperparameters
        // What was taken for ratings may now be asked otherwise.
        let (train, held) = whole.turned(split, to: settings.objective)
        let learned = seen.prepared(for: settings.objective)
        let result = try fit(learned, settings, items, holdout: settings.earlyStopping > 0 ? held : nil)
        try report(result, train, learned, items, held, named: holdout.rawValue, serving: serving)
    }

    /// Of a prescribed split all that is held out is measured, also of whom and what is not learned from.
    private func evaluate(
        _ given: InteractionDataset, test: Holdout, _ request: TrainingRequest, _ serving: ServingOptions
    ) throws {
        let (train, core) = given.inspected(by: request.hyperparameters.cleaning)
        let learned = core.learned(from: train)
        describe(learned, heldOut: test.interactionCount)
        let choice = try choose(for: learned, nil, request)
        var settings = choice.hyperparameters
        if findsEpochs, choice.report == nil {
            let (part, validation) = learned.split(.random, seed: settings.seed)
            say("Finding the number of epochs on \(validation.interactionCount) training pairs:")
            settings.epochs = max(
                settings.start.sweeps > 0 ? 0 : 1, try fit(part, settings, holdout: validation).bestEpoch)
        }
        settings.earlyStopping = 0
        var result = try fit(learned, settings, holdout: nil)
        result.parameters = core.completing(result, served: train, all: given) ?? result.parameters
        try report(
            result, train, learned, nil, test, named: "given", serving: serving,
            histories: core.histories(served: train, all: given))
    }

    /// The settings to train with, chosen on what there is to train on alone.
    private func choose(
        for train: InteractionDataset, _ items: ItemFeatures?, _ request: TrainingRequest
    ) throws -> SettingsChoice {
        let say = say
        var choice = try request.choice(
            for: train, features: items, isCancelled: { false },
            follow: { report in for line in Report.lines(report) { say(line) } }
        ).choose()
        choice.hyperparameters.cleaning = request.hyperparameters.cleaning
        if choice.report != nil { say("Training with \(Report.settings(choice.hyperparameters)).") }
        return choice
    }

    private func report(
        _ result: TrainingResult, _ train: InteractionDataset, _ learned: InteractionDataset,
        _ items: ItemFeatures?, _ held: Holdout, named name: String, serving: ServingOptions,
        histories: InteractionDataset? = nil
    ) throws {
        guard !held.isEmpty else { throw Fatal(description: "Nothing could be held out to measure on.") }
        let settings = try measuring()
        var yardstick: ModelSnapshot?
        if settings.trainsYardstick {
            let clock = ContinuousClock()
            let started = clock.now
            yardstick = try Fatal.unless {
                try Yardstick.train(beside: result.hyperparameters, on: learned, features: items, holdout: held)
            }
            let seconds = (clock.now - started) / .seconds(1)
            if yardstick != nil { say(String(format: "Trained mf beside it in %.1f s.", seconds)) }
        }
        let report = EvaluationReport(
            of: snapshot(result, train, histories), beside: yardstick, train: train, holdout: held, named: name,
            settings: settings, serving: serving)
        if json { print(String(decoding: report.json(), as: UTF8.self)) } else { Report.evaluation(report) }
    }

    /// A line of progress, which must not come between the lines of a JSON document.
    @Sendable private func say(_ line: String) {
        if json { FileHandle.standardError.write(Data((line + "\n").utf8)) } else { Report.tell(line) }
    }

    private func describe(_ train: InteractionDataset, heldOut: Int) {
        say(
            "\(train.userCount) users, \(train.itemCount) items, \(train.interactionCount) interactions to train on, "
                + "\(heldOut) held out.")
    }

    private func fit(
        _ train: InteractionDataset, _ settings: Hyperparameters, _ items: ItemFeatures? = nil, holdout: Holdout?
    ) throws -> TrainingResult {
        let result: TrainingResult
        do throws(TrainingError) {
            result = try Trainer(dataset: train, hyperparameters: settings, features: items)
                .train(holdout: holdout, observer: EpochPrinter(say: say))
        } catch {
            throw Fatal(description: error.sentence)
        }
        let epochs = result.reports.filter { !$0.isClosedForm }
        let samples = epochs.reduce(0) { $0 + $1.samples }
        let seconds = epochs.reduce(0) { $0 + $1.seconds }
        let rate = Report.millions(Double(samples) / max(seconds, 1e-9))
        say("Trained \(rate) samples/s over \(epochs.count) epochs.")
        return result
    }

    private func snapshot(
        _ result: TrainingResult, _ dataset: InteractionDataset, _ histories: InteractionDataset?
    ) -> ModelSnapshot {
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: dataset.interactionCount,
            hyperparameters: result.hyperparameters)
        return ModelSnapshot(
            version: 0, dataset: dataset, parameters: result.parameters, lineage: lineage, histories: histories)
    }
}

/// Tells of each epoch as it ends.
private struct EpochPrinter: TrainingObserver {
    let say: @Sendable (String) -> Void

    func epochFinished(_ report: EpochReport) { say(Report.line(report)) }
}
