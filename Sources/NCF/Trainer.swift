import Glibc

/// Trains a model on a dataset.
///
/// Blocks the calling thread for as long as it takes; the observer can end it within a mini-batch, between two dense layers. The same dataset,
/// settings and validation give the same bytes, whatever the number of threads (on processors of the same kind: the matrix
/// library and the kernels choose their instructions by processor).
public struct Trainer: Sendable {
    /// What is learned from.
    public let dataset: InteractionDataset
    /// How.
    public let hyperparameters: Hyperparameters
    /// Bytes of memory that the training may take beside the dataset; nil for any number.
    public let memoryLimit: Int?
    /// What the items are beside their IDs, for the closed form; nil where nothing is known.
    public let features: ItemFeatures?

    /// A trainer that has not begun.
    public init(
        dataset: InteractionDataset, hyperparameters: Hyperparameters, memoryLimit: Int? = nil,
        features: ItemFeatures? = nil
    ) {
        self.features = features
        self.dataset = dataset
        self.hyperparameters = hyperparameters
        self.memoryLimit = memoryLimit
    }

    /// Trains until the epochs are over, the holdout has not improved for long enough, or the observer cancels.
    ///
    /// - Parameters:
    ///   - holdout: What to measure every epoch on; nil trains all epochs and keeps the last.
    ///   - observer: Is told of progress.
    ///   - checkpoint: A file to leave after every epoch, and to go on from where there is one of the same data, settings (threads
    ///     apart) and holdout. The observer is told of the epochs that are behind it too. Not with another `validate`.
    ///   - validate: Measures the parameters on the holdout; nil leaves it to ``HoldoutValidation``.
    /// - Returns: The weights of the best epoch, and a report of each.
    /// - Throws: ``TrainingError``.
    public func train(
        holdout: Holdout? = nil, observer: any TrainingObserver = NoTrainingObserver(),
        checkpoint: String? = nil,
        validate: ((ModelParameters) -> ValidationReport?)? = nil
    ) throws(TrainingError) -> TrainingResult {
        try train(
            holdout: holdout, observer: observer, checkpoint: checkpoint, remembering: ItemItemMemory(limit: 0),
            validate: validate)
    }

    /// The same, with what items say of each other taken from `memory`, where it is, for it is this dataset's.
    func train(
        holdout: Holdout? = nil, observer: any TrainingObserver, checkpoint: String? = nil,
        remembering memory: ItemItemMemory, validate: ((ModelParameters) -> ValidationReport?)?
    ) throws(TrainingError) -> TrainingResult {
        var settings = hyperparameters
        do throws(HyperparameterFaults) {
            try settings.validate()
            settings.objective = settings.objective.resolved(for: dataset)
            if settings.objective == .rating {
                // The closed form knows no ratings; without it there must be an epoch.
                settings.start = .none
                try settings.validate()
            }
        } catch {
            throw .invalidHyperparameters(error)
        }
        try checkMemory(settings)
        if let checkpoint { try Self.checkCheckpoint(at: checkpoint) }
        // What is measured and what checkpoints are told by stays as it came.
        let weighted = dataset.weighted(by: settings.propensity)
        let source = try TrainingSource(dataset: weighted, hyperparameters: settings)
        var run = TrainingRun(
            source: source, dataset: weighted, hyperparameters: settings, memory: memory, features: features)
        // In closed form alone, and found again as soon as it is read.
        run.checkpoint =
            settings.history.neighbours > 0
            ? nil
            : checkpoint.map {
                TrainingCheckpoint(path: $0, dataset: dataset, holdout: holdout, features: features, settings: settings)
            }
        if let validate {
            run.validate = { validate(source.parameters(of: $0)) }
        } else if let holdout, !holdout.isEmpty, settings.history.neighbours == 0 {
            let validation = HoldoutValidation(
                dataset: dataset, holdout: holdout, objective: settings.objective, seed: settings.seed,
                output: settings.ratingOutput)
            run.validate = { [loop = run.loop] model in
                validation.measure(model, loop: loop, isCancelled: { observer.isCancelled })
            }
        }
        return try run.run(observer: observer)
    }

    private func checkMemory(_ settings: Hyperparameters) throws(TrainingError) {
        guard let memoryLimit else { return }
        let memory = TrainingMemory(
            settings, userCount: dataset.userCount, itemCount: dataset.itemCount,
            interactionCount: dataset.interactionCount, hasDislikes: dataset.hasDislikes)
        guard memory.bytes <= memoryLimit else { throw .needsMemory(bytes: memory.bytes, limit: memoryLimit) }
    }
}
