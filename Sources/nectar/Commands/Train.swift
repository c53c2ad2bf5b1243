public import ArgumentParser
import NCF
public import RecommendationService

/// `nectar train`: trains on the store and publishes, without a server.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a model on all that is stored and publishes it into the data folder."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var model: ModelOptions

    @Option(help: "What is set aside to measure on: leave_one_out, temporal, random or none.")
    var holdout = HoldoutStrategy.leaveOneOut

    @Option(help: "When the model replaces the current one: if_better, always or never.")
    var publish = TrainingRequest.Publication.ifBetter

    @Flag(help: "Publish the model that was measured, instead of training once more on everything.")
    var noRefit = false

    @OptionGroup var measured: MeasuringOptions

    @Option(
        help: ArgumentHelp(
            "A file to leave after every epoch, and to go on from if the training ends before it has a model.",
            discussion: "One of other data or settings is replaced. There is a second one, with .refit at its end."))
    var checkpoint: String?

    func run() throws {
        let configuration = try options.load()
        var request = try model.request(threads: configuration.trainingThreads, learning: configuration.learning)
        request.holdout = holdout
        request.publication = publish
        request.refits = !noRefit
        request.checkpoint = checkpoint
        request.evaluation = measured.settings
        request.evaluation.cutoffs = [10]
        let data = try DataDirectory(existing: configuration)
        _ = data.models.loadNewestValid()
        let job = OfflineTraining.run(
            request, store: data.store, models: data.models, kinds: configuration.kinds,
            memoryLimit: configuration.trainingMemory,
            features: configuration.features,
            follow: { Report.epoch($0) },
            followSearch: { report in for line in Report.lines(report) { Report.tell(line) } })
        if let evaluation = job.evaluation { Report.evaluation(evaluation) }
        guard job.state == .succeeded, let version = job.version else {
            throw Fatal(description: job.message ?? "The training ended without a model.")
        }
        print("v\(version)\(job.message.map { ": \($0)" } ?? " published.")")
        if ServingLock.isTaken(configuration.dataDirectory) {
            print(
                "A nectar serves from this folder, with its own model: POST /models/v\(version)/publish has it take this one."
            )
        }
    }
}

extension TrainingRequest.Publication: ExpressibleByArgument {}
