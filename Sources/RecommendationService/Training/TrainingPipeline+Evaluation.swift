import InteractionStorage
import NCF

extension TrainingPipeline {
    /// Measures `model` by `holdout`, beside an `mf` that is trained for it unless the request declines.
    ///
    /// - Parameters:
    ///   - settings: What the model was trained with, the objective resolved.
    ///   - learning: What of `train` is learned from; nil for all.
    ///   - items: What its items are beside their IDs.
    ///   - seconds: Takes what the yardstick and the measuring took.
    func evaluate(
        _ model: ModelSnapshot, trained settings: Hyperparameters, on train: InteractionDataset,
        learning learned: InteractionDataset? = nil, _ items: ItemFeatures? = nil, holdout: Holdout,
        named name: String, _ seconds: inout [String: Double], _ job: TrainingJob
    ) throws(Failure) -> EvaluationReport {
        var yardstick: ModelSnapshot?
        if job.request.evaluation.trainsYardstick, Yardstick.settings(beside: settings) != nil {
            enter(.yardstick, job)
            let started = clock.milliseconds()
            do {
                yardstick = try Yardstick.train(
                    beside: settings, on: learned ?? train, features: items, holdout: holdout,
                    isCancelled: { job.isCancelled })
            } catch {
                throw .cancelled
            }
            seconds["yardstick"] = Double(clock.milliseconds() - started) / 1000
        }
        enter(.evaluating, job)
        let started = clock.milliseconds()
        var measuring = job.request.evaluation
        measuring.seed = settings.seed
        let report = EvaluationReport(
            of: model, beside: yardstick, train: train, holdout: holdout, named: name, settings: measuring,
            serving: models.serving, isCancelled: { job.isCancelled })
        try checkCancellation(job)
        seconds["evaluation"] = Double(clock.milliseconds() - started) / 1000
        job.update { $0.evaluation = report }
        return report
    }

    /// Measures a model that is there on what was stored since it was trained.
    func evaluate(version: Int, _ job: TrainingJob) throws(Failure) {
        enter(.loading, job)
        let model = try load(version)
        let watermark = model.lineage.dataWatermark
        let before = try StoredDataset.load(from: store, kinds: kinds, upTo: watermark)
        let since = try StoredDataset.load(from: store, kinds: kinds, after: watermark)
        let split = model.measurement(before: before.dataset, since: since.dataset)
        job.update { $0.data = DataSummary(split.train, watermark: since.watermark) }
        guard !split.holdout.isEmpty else {
            throw .failed(
                "There is nothing to measure \(model.name) on: since it was trained, none of its users did anything new "
                    + "with an item that it knows. Without \"model\", a model is trained on a part of what is stored and "
                    + "measured on the rest.")
        }
        var settings = model.lineage.hyperparameters
        settings.threads = job.request.hyperparameters.threads
        settings.seed = job.request.hyperparameters.seed
        var seconds: [String: Double] = [:]
        _ = try evaluate(
            model, trained: settings, on: split.train, holdout: split.holdout, named: "since_model", &seconds, job)
        try checkCancellation(job)
        try endEvaluation(job)
    }

    /// An evaluation ends without a model.
    func endEvaluation(_ job: TrainingJob) throws(Failure) {
        guard job.current.evaluation != nil else {
            throw .failed(
                "Nothing could be held out to measure on: no user has more than one interaction that the holdout "
                    + "\(job.request.holdout.rawValue) would take.")
        }
        job.update { progress in
            progress.stage = nil
            progress.endedAt = clock.milliseconds()
            progress.state = .succeeded
        }
    }

    private func load(_ version: Int) throws(Failure) -> ModelSnapshot {
        do {
            if let model = try models.load(version: version) { return model }
        } catch {
            throw .failed("\(ModelVersion.name(of: version)) cannot be read: \(error).")
        }
        throw .failed("There is no model \(ModelVersion.name(of: version)).")
    }
}
