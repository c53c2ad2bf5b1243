import InteractionStorage
import NCF

/// One way from the record to a published model: load, set aside, train, measure, train on everything, publish.
///
/// Used by the server's training queue and by `nectar train` alike. Runs on the thread that calls it, for as long as it
/// takes; a cancelled job ends it within a fraction of a second.
struct TrainingPipeline {
    /// Why a run ended without a model.
    enum Failure: Error {
        case cancelled
        case failed(String)
    }

    let store: any InteractionStore
    let models: ModelStore
    /// What the kinds of interaction mean.
    let kinds: InteractionKinds
    /// Bytes that a training may take beside its dataset; nil for any number.
    let memoryLimit: Int?
    let features: ServiceConfiguration.Features
    let clock: WallClock

    /// Carries out `job` and leaves the outcome in it.
    func run(_ job: TrainingJob) {
        job.update { progress in
            progress.state = .running
            progress.startedAt = clock.milliseconds()
        }
        do throws(Failure) {
            try train(job)
        } catch {
            job.update { progress in
                progress.endedAt = clock.milliseconds()
                switch error {
                case .cancelled: progress.state = .cancelled
                case .failed(let reason):
                    progress.state = .failed
                    progress.message = reason
                }
            }
        }
    }

    private func train(_ job: TrainingJob) throws(Failure) {
        if case .evaluation(let version?) = job.request.purpose { return try evaluate(version: version, job) }
        enter(.loading, job)
        // Before the reading: who is erased from now on is left out when the model is published.
        let erasures = try lastErasure()
        let loaded = try StoredDataset.load(from: store, kinds: kinds, now: clock.milliseconds())
        let request = job.request
        try checkCheckpoints(of: request)
        let (cleaned, core) = loaded.dataset.inspected(by: request.hyperparameters.cleaning)
        var dataset = cleaned.prepared(for: request.hyperparameters.objective)
        job.update { $0.data = DataSummary(dataset, watermark: loaded.watermark) }
        try forgetErased(since: erasures, job)
        try checkContent(of: loaded.dataset, core)
        let records = try records(of: dataset)
        let items = records.itemFeatures
        let started = clock.milliseconds()
        var split = dataset.split(request.holdout, seed: request.hyperparameters.seed)
        var train = core.learned(from: split.train)
        var settings = try choose(for: train, items, job)
        // What was taken for ratings may now be asked otherwise.
        split = dataset.turned(split, to: settings.objective)
        dataset = dataset.prepared(for: settings.objective)
        train = train.prepared(for: settings.objective)
        guard settings.epochs > 0 || settings.objective != .rating else {
            throw .failed("The interactions are ratings, which no closed form knows: epochs must be at least 1, not 0.")
        }
        var seconds = ["choice": Double(clock.milliseconds() - started) / 1000]

        enter(.training, job)
        let begun = clock.milliseconds()
        // Without early stopping the holdout decides nothing, and measures the model all the better.
        var measured = try fit(
            train, settings, items, holdout: settings.earlyStopping > 0 ? split.holdout : nil, job)
        seconds["training"] = Double(clock.milliseconds() - begun) / 1000

        var evaluation: EvaluationReport?
        if !split.holdout.isEmpty {
            let candidate = snapshot(
                of: measured, split.train, version: 0, loaded.watermark, metrics: [:], seconds: [:])
            let result = try evaluate(
                candidate, trained: settings, on: split.train, learning: train, items, holdout: split.holdout,
                named: request.holdout.rawValue, &seconds, job)
            if let calibration = result.model.calibration { measured.calibrate(by: calibration.logits) }
            evaluation = result
        }
        try checkCancellation(job)
        guard request.purpose == .model else { return try endEvaluation(job) }

        var final = measured
        var fitted = split.train
        if request.refits && !split.holdout.isEmpty {
            enter(.refitting, job)
            fitted = dataset
            settings.epochs = measured.bestEpoch
            settings.earlyStopping = 0
            final = try fit(core.learned(from: dataset), settings, items, holdout: nil, isRefit: true, job)
            final.hyperparameters = measured.hyperparameters
            if let calibration = evaluation?.model.calibration { final.calibrate(by: calibration.logits) }
        }
        // Of whom nothing was learned what they did is read as everybody's is.
        let all = loaded.dataset.prepared(for: settings.objective)
        guard
            let parameters = core.completing(
                final, served: dataset, all: all, isCancelled: { job.isCancelled })
        else { throw .cancelled }
        final.parameters = parameters
        try checkCancellation(job)

        enter(.publishing, job)
        seconds["total"] = Double(clock.milliseconds() - started) / 1000
        // Whatever the weights were fitted to, the model serves everything: it leaves out all that a user has seen. What is in no
        // vector is in no history.
        let rested = dataset.resting(on: fitted)
        try publish(job, metrics: evaluation?.summary ?? [:], erasures: erasures) { version throws(Failure) in
            let model = snapshot(
                of: final, dataset, histories: core.histories(served: rested, all: all) ?? rested,
                version: version, loaded.watermark, metrics: evaluation?.summary ?? [:], seconds: seconds,
                erasures: erasures)
            guard let known = records.train(model, on: fitted, isCancelled: { job.isCancelled }) else {
                throw .cancelled
            }
            return known
        }
    }

    private func checkContent(of dataset: InteractionDataset, _ core: LearningCore) throws(Failure) {
        guard dataset.interactionCount > 0 else {
            throw .failed(
                "There is nothing to train on: no interactions are stored. POST them to /interactions, or send them along "
                    + "as \"interactions\".")
        }
        guard core.isWhole || core.learned(from: dataset).interactionCount > 0 else {
            throw .failed(
                "There is nothing to train on: minimum_user_interactions, minimum_item_interactions and bots leave out all of "
                    + "the \(dataset.interactionCount) interactions.")
        }
    }

    private func lastErasure() throws(Failure) -> Int64 {
        do {
            return try store.tombstones(after: .max).last
        } catch {
            throw .failed("The list of erased users could not be read: \(error).")
        }
    }

    /// Whoever was erased while the data were read is named by no example. Who is erased from now on is taken out by the eraser.
    private func forgetErased(since erasures: Int64, _ job: TrainingJob) throws(Failure) {
        do {
            let erased = try store.tombstones(after: erasures)
            if !erased.isEmpty { job.forget { erased.contains($0) } }
        } catch {
            throw .failed("The list of erased users could not be read: \(error).")
        }
    }

    private func records(of dataset: InteractionDataset) throws(Failure) -> StoredFeatures.Records {
        do throws(StoreError) {
            return try StoredFeatures(store: store, settings: features).records(of: dataset)
        } catch {
            throw .failed("The records of items and users could not be read: \(error).")
        }
    }

    /// The settings to train with, chosen on what there is to train on alone.
    private func choose(
        for train: InteractionDataset, _ items: ItemFeatures?, _ job: TrainingJob
    ) throws(Failure) -> Hyperparameters {
        let choice = job.request.choice(
            for: train, features: items, memoryLimit: memoryLimit, isCancelled: { job.isCancelled },
            follow: { job.searched($0) })
        if choice.triesAnything { enter(.choosing, job) }
        do {
            var settings = try choice.choose().hyperparameters
            settings.cleaning = job.request.hyperparameters.cleaning
            job.update { [settings] in $0.hyperparameters = settings }
            return settings
        } catch {
            throw error == .cancelled ? .cancelled : .failed(error.sentence)
        }
    }

    /// Both places, before anything is trained.
    private func checkCheckpoints(of request: TrainingRequest) throws(Failure) {
        for path in [false, true].compactMap(request.checkpoint(isRefit:)) {
            do {
                try Trainer.checkCheckpoint(at: path)
            } catch {
                throw .failed(error.sentence)
            }
        }
    }

    private func fit(
        _ dataset: InteractionDataset, _ settings: Hyperparameters, _ items: ItemFeatures?, holdout: Holdout?,
        isRefit: Bool = false, _ job: TrainingJob
    ) throws(Failure) -> TrainingResult {
        do {
            return try Trainer(
                dataset: dataset, hyperparameters: settings, memoryLimit: memoryLimit, features: items
            ).train(holdout: holdout, observer: job, checkpoint: job.request.checkpoint(isRefit: isRefit))
        } catch {
            throw error == .cancelled ? .cancelled : .failed(error.sentence)
        }
    }

    private func snapshot(
        of result: TrainingResult, _ dataset: InteractionDataset, histories: InteractionDataset? = nil, version: Int,
        _ watermark: Int64,
        metrics: [String: Double], seconds: [String: Double], erasures: Int64 = 0
    ) -> ModelSnapshot {
        let lineage = Lineage(
            createdAt: clock.milliseconds(), dataWatermark: watermark, interactionCount: dataset.interactionCount,
            hyperparameters: result.hyperparameters, metrics: metrics, durations: seconds,
            erasures: erasures, calibration: result.calibration)
        return ModelSnapshot(
            version: version, dataset: dataset, parameters: result.parameters, lineage: lineage, histories: histories)
    }

    private func publish(
        _ job: TrainingJob, metrics: [String: Double], erasures: Int64,
        _ make: (Int) throws(Failure) -> ModelSnapshot
    ) throws(Failure) {
        var objection: String?
        switch job.request.publication {
        case .always: break
        case .never: objection = "the request said \"publish\": \"never\""
        case .ifBetter:
            if let current = models.current {
                objection = PublicationGate.objection(to: metrics, replacing: current.lineage)
            }
        }
        let version: Int
        do {
            version = try models.nextVersion()
        } catch {
            throw .failed("The model could not be written: \(error).")
        }
        let model = try make(version)
        do {
            let barrier = ErasureBarrier(store: store, after: erasures)
            try models.publish(model, serves: objection == nil, without: barrier.without)
        } catch {
            throw .failed("The model could not be written: \(error).")
        }
        job.update { progress in
            progress.version = version
            progress.isPublished = objection == nil
            progress.message = objection.map { "Not published: \($0)." }
            progress.stage = nil
            progress.endedAt = clock.milliseconds()
            progress.state = .succeeded
        }
    }

    func enter(_ stage: TrainingJob.Stage, _ job: TrainingJob) {
        job.update { $0.stage = stage }
    }

    func checkCancellation(_ job: TrainingJob) throws(Failure) {
        if job.isCancelled { throw .cancelled }
    }
}
