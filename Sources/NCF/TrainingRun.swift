import Dispatch

/// One run of a trainer from the first epoch to the last.
struct TrainingRun {
    /// Progress is reported this often at most.
    private static let reportInterval: UInt64 = 100_000_000
    /// How many times an epoch the features in bags take a step.
    private static let settlementsPerEpoch = 8
    /// Epochs in which h stays as it is where histories start from a closed form, the tower being silent: it is to learn what
    /// matrix factorisation leaves, not to disturb it while its own weights are random.
    private static let silentEpochs = 1

    let loop: ParallelLoop
    /// Measures the model on the holdout.
    var validate: ((TrainableModel) -> ValidationReport?)?
    /// Where it is left after every epoch.
    var checkpoint: TrainingCheckpoint?
    private let source: TrainingSource
    private let hyperparameters: Hyperparameters
    private let model: TrainableModel
    private let step: TrainingStep
    // The one being trained on, and the one being filled meanwhile.
    private var batches: (current: MiniBatch, next: MiniBatch)
    private let groupsPerBatch: Int
    private var optimizer: Optimizer
    private var threads: StepThreads
    private let initializer: ClosedFormInitializer?

    init(
        source: TrainingSource, dataset: InteractionDataset, hyperparameters: Hyperparameters, memory: ItemItemMemory,
        features: ItemFeatures? = nil
    ) {
        self.source = source
        self.hyperparameters = hyperparameters
        loop = ParallelLoop(threads: hyperparameters.threads)
        threads = StepThreads(all: loop.threads)
        let shape = ModelParameters(
            architecture: hyperparameters.architecture, userCount: dataset.userCount, itemCount: dataset.itemCount,
            embeddingDimension: hyperparameters.resolvedEmbeddingDimension,
            mlpEmbeddingDimension: hyperparameters.resolvedMLPEmbeddingDimension,
            hiddenLayerSizes: hyperparameters.hiddenLayerSizes
        )
        optimizer = Optimizer(hyperparameters)
        model = TrainableModel(
            shape: shape, trainsGlobalBias: source.objective == .implicit, globalBias: source.globalBias,
            seed: hyperparameters.seed,
            histories: hyperparameters.history.dimension > 0
                ? FeatureBags(histories: dataset, counting: hyperparameters.history.counting(in: dataset)) : nil,
            optimizer: optimizer,
            isUnit: source.objective == .cosineContrastive
        )
        groupsPerBatch = min(source.groupCount, max(1, hyperparameters.batchSize / source.samplesPerGroup))
        step = TrainingStep(
            model: model, objective: source.objective, capacity: groupsPerBatch,
            samplesPerGroup: source.samplesPerGroup, loop: loop
        )
        step.contrast = hyperparameters.contrast
        step.bounded = source.bounded
        step.dropout = Dropout(rate: hyperparameters.dropout, seed: hyperparameters.seed)
        let batch = { [groupsPerBatch] in
            MiniBatch(
                capacity: groupsPerBatch, samplesPerGroup: source.samplesPerGroup, userCount: dataset.userCount,
                itemCount: dataset.itemCount)
        }
        batches = (batch(), batch())
        let startsInClosedForm = hyperparameters.start.sweeps > 0 && source.objective != .rating
        initializer =
            startsInClosedForm
            ? ClosedFormInitializer(
                dataset: dataset, hyperparameters: hyperparameters, loop: loop, memory: memory, features: features)
            : nil
    }

    /// All epochs, or those that a checkpoint leaves.
    mutating func run(observer: any TrainingObserver) throws(TrainingError) -> TrainingResult {
        step.isCancelled = { observer.isCancelled }
        var (state, best) = resume(observer)
        // Epoch 0 is the closed form.
        var epoch = state.reports.last.map { $0.epoch + 1 } ?? (initializer == nil ? 1 : 0)
        while epoch <= hyperparameters.epochs, !isOver(after: epoch - 1, best) {
            var report = try epoch == 0 ? initialise(observer) : trainEpoch(epoch, observer)
            if let validate {
                let start = DispatchTime.now().uptimeNanoseconds
                report.validation = validate(model)
                report.validationSeconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            }
            if observer.isCancelled { throw .cancelled }
            state.reports.append(report)
            if report.validation == nil || report.validation?.improves(on: best.report) == true {
                let isLast = epoch == hyperparameters.epochs
                best = (
                    epoch, report.validation, report.validation == nil || isLast ? nil : source.parameters(of: model)
                )
            }
            try save(&state, bestEpoch: best.epoch)
            observer.epochFinished(report)
            epoch += 1
        }
        return TrainingResult(
            parameters: best.parameters ?? source.parameters(of: model), hyperparameters: hyperparameters,
            reports: state.reports,
            bestEpoch: best.report == nil ? hyperparameters.epochs : best.epoch
        )
    }

    private typealias Best = (epoch: Int, report: ValidationReport?, parameters: ModelParameters?)

    /// Whether patience is at its end.
    private func isOver(after epoch: Int, _ best: Best) -> Bool {
        let patience = hyperparameters.earlyStopping
        return patience > 0 && best.report != nil && epoch - best.epoch >= patience
    }

    private func initialise(_ observer: any TrainingObserver) throws(TrainingError) -> EpochReport {
        let start = DispatchTime.now().uptimeNanoseconds
        guard let loss = initializer?.initialise(model, isCancelled: { observer.isCancelled }) else { throw .cancelled }
        return EpochReport(
            epoch: 0, of: hyperparameters.epochs, loss: loss, samples: 0,
            seconds: Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        )
    }

    private mutating func trainEpoch(
        _ epoch: Int, _ observer: any TrainingObserver
    ) throws(TrainingError) -> EpochReport {
        try loop.closeTogether { (loop) throws(TrainingError) in try trainEpoch(epoch, observer, loop) }
    }

    private mutating func trainEpoch(
        _ epoch: Int, _ observer: any TrainingObserver, _ loop: ParallelLoop
    ) throws(TrainingError) -> EpochReport {
        defer { step.loop = self.loop }
        let start = DispatchTime.now().uptimeNanoseconds
        var lastReport = start
        let order = source.order(epoch: epoch)
        let total = source.groupCount * source.samplesPerGroup
        var loss = 0.0
        var first = 0
        var settled = 0
        step.holdsOutput =
            initializer != nil && model.histories != nil && model.users.gmf > 0 && epoch <= Self.silentEpochs
        fillFirst(order: order, epoch: epoch)
        while first < source.groupCount {
            let stepStart = DispatchTime.now().uptimeNanoseconds
            step.loop = threads.next == 1 ? ParallelLoop(threads: 1) : loop
            let batch = batches.current
            let batchLoss = computeGradientsAndFill(first: first + batch.groupCount, order: order, epoch: epoch)
            if observer.isCancelled { throw .cancelled }
            guard batchLoss.isFinite else { throw .diverged(epoch: epoch) }
            loss += batchLoss
            first += batch.groupCount
            optimizer.learningRate = scheduledRate(epoch: epoch, done: first - batch.groupCount, of: batch)
            step.update(batch, decay: hyperparameters.weightDecay, optimizer: optimizer, next: batches.next)
            batches = (batches.next, batch)
            // At the last batch too, so that an epoch ends with features that know all of it.
            if first * Self.settlementsPerEpoch / source.groupCount > settled {
                settled = first * Self.settlementsPerEpoch / source.groupCount
                step.settle(optimizer: optimizer)
            }
            let now = DispatchTime.now().uptimeNanoseconds
            threads.took(now - stepStart)
            if now - lastReport > Self.reportInterval {
                lastReport = now
                observer.progressed(epoch: epoch, samples: first * source.samplesPerGroup, of: total)
            }
        }
        return EpochReport(
            epoch: epoch, of: hyperparameters.epochs, loss: source.reported(loss / Double(total)), samples: total,
            seconds: Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        )
    }

    private func fillFirst(order: [Int32], epoch: Int) {
        let batch = batches.current
        batch.groupCount = min(groupsPerBatch, source.groupCount)
        (batch.epoch, batch.firstPlace) = (epoch, 0)
        loop.run(tasks: step.sliceCount(batch)) { [source, step] _, slice in
            source.fill(step.groups(ofSlice: slice, in: batch), of: batch, first: 0, order: order, epoch: epoch)
        }
        batch.groupUsers()
        batch.groupItems()
    }

    /// The step size for `batch` after `done` of the groups of `epoch`.
    private func scheduledRate(epoch: Int, done: Int, of batch: MiniBatch) -> Double {
        let progress = (Double(epoch - 1) + Double(done) / Double(source.groupCount)) / Double(hyperparameters.epochs)
        let rate = hyperparameters.learningRate * hyperparameters.learningRateSchedule.factor(progress: progress)
        guard hyperparameters.warmUp > 0 else { return rate }
        // The batch itself counts, so that the first one takes a step.
        let epochs = Double(epoch - 1) + Double(done + batch.groupCount) / Double(source.groupCount)
        return rate * min(1, epochs / hyperparameters.warmUp)
    }

    /// Computes the current batch's gradients while the next batch, from place `first` on, is drawn.
    ///
    /// - Returns: The sum of the losses of the current batch.
    private func computeGradientsAndFill(first: Int, order: [Int32], epoch: Int) -> Double {
        let next = batches.next
        next.groupCount = min(groupsPerBatch, source.groupCount - first)
        (next.epoch, next.firstPlace) = (epoch, first)
        return step.computeGradients(batches.current, more: step.sliceCount(next)) { [source, step] slice in
            source.fill(step.groups(ofSlice: slice, in: next), of: next, first: first, order: order, epoch: epoch)
        }
    }
}

extension TrainingRun {
    /// Takes up where the checkpoint left off, if there is one.
    private func resume(_ observer: any TrainingObserver) -> (TrainingCheckpoint.State, Best) {
        guard let state = checkpoint?.read(into: model) else { return (TrainingCheckpoint.State(), (0, nil, nil)) }
        step.stepCount = state.stepCount
        for report in state.reports { observer.epochFinished(report) }
        let report = state.reports.first { $0.epoch == state.bestEpoch }?.validation
        guard report != nil, state.bestEpoch != hyperparameters.epochs else {
            return (state, (state.bestEpoch, report, nil))
        }
        // The best epoch's numbers for a moment: what leaves is computed from them as it was then.
        let parts = model.checkpointParts(withState: false).filter { $0.count > 0 }
        let last = parts.compactMap(\.tensor)
        for (part, tensor) in zip(parts, state.best) { part.set(tensor) }
        let parameters = source.parameters(of: model)
        for (part, tensor) in zip(parts, last) { part.set(tensor) }
        return (state, (state.bestEpoch, report, parameters))
    }

    /// Leaves a checkpoint, if one is wanted.
    private func save(_ state: inout TrainingCheckpoint.State, bestEpoch: Int) throws(TrainingError) {
        guard let checkpoint, let last = state.reports.last else { return }
        state.bestEpoch = bestEpoch
        state.stepCount = step.stepCount
        if bestEpoch == last.epoch { state.best = last.validation == nil ? [] : TrainingCheckpoint.best(of: model) }
        do {
            try checkpoint.write(state, model)
        } catch {
            throw .checkpoint(error.description)
        }
    }
}
