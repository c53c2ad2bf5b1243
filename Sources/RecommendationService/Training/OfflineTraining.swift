import Glibc
public import InteractionStorage
public import NCF

/// Training without a server, for the command line: the same pipeline that a training job runs.
public enum OfflineTraining {
    /// Trains as `request` says on all that `store` holds, publishes into `models`, and returns the job as it ended.
    ///
    /// - Parameters:
    ///   - kinds: What the kinds of interaction mean.
    ///   - memoryLimit: Bytes that the training may take beside the dataset; nil for any number.
    ///   - features: Which properties of items and users become features.
    ///   - follow: Called after every epoch, on the thread that trains.
    ///   - followSearch: Called there after every measurement of a trial, and once when the settings are chosen.
    public static func run(
        _ request: TrainingRequest, store: any InteractionStore, models: ModelStore,
        kinds: InteractionKinds = .defaults, memoryLimit: Int? = nil,
        features: ServiceConfiguration.Features = ServiceConfiguration.Features(),
        follow: @escaping @Sendable (EpochReport) -> Void, followSearch: @escaping @Sendable (SearchReport) -> Void
    ) -> TrainingJob {
        let job = TrainingJob(
            id: "1", request: request, createdAt: WallClock.system.milliseconds(), epochFinished: follow,
            trialFinished: followSearch)
        TrainingPipeline(
            store: store, models: models, kinds: kinds, memoryLimit: memoryLimit, features: features, clock: .system
        ).run(job)
        // What has become a model needs nothing to go on from.
        if job.state == .succeeded {
            for path in [false, true].compactMap(request.checkpoint(isRefit:)) { unsafe unlink(path) }
        }
        return job
    }

    /// What the items of `dataset` are beside their IDs, by the catalogue in `store`; nil where nothing is known.
    ///
    /// - Throws: If the store cannot be read.
    public static func itemFeatures(
        of dataset: InteractionDataset, _ store: any InteractionStore, _ settings: ServiceConfiguration.Features
    ) throws -> ItemFeatures? {
        try StoredFeatures(store: store, settings: settings).records(of: dataset).itemFeatures
    }

    /// All that `store` holds, as a dataset in which each interaction counts as `kinds` say.
    ///
    /// - Parameter now: By which rows of the future are told, in milliseconds since 1970; nil tells none.
    /// - Throws: If the store cannot be read.
    public static func dataset(
        of store: any InteractionStore, kinds: InteractionKinds = .defaults, now: Int64? = nil
    ) throws -> InteractionDataset {
        try StoredDataset.load(from: store, kinds: kinds, now: now).dataset
    }
}
