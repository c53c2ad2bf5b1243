extension SearchRun {
    /// Trains a trial on all folds of a rung and adds what it measured to the report.
    func measure(_ trial: Int, rung: Int) throws(End) -> Candidate {
        let began = search.now()
        let folds = arena.data(rung)
        var gains = HoldoutGains()
        var epochs = 0
        for fold in folds {
            guard let measured = try measure(variations[trial], on: fold) else {
                report.trials[trial].outcome = .failed
                gains = HoldoutGains()
                break
            }
            gains.append(measured.gains)
            epochs += measured.epochs
        }
        let mean = (Double(epochs) / Double(folds.count)).rounded()
        let candidate = Candidate(trial: trial, gains: gains, epochs: Int(mean))
        report.trials[trial].measurements.append(
            .init(
                interactions: folds[0].train.interactionCount, users: folds.reduce(0) { $0 + $1.measuredUsers.count },
                value: gains.figure, epochs: candidate.epochs, seconds: search.now() - began))
        report.latest = report.trials[trial].number
        report.seconds = search.now() - start
        search.follow(report)
        return candidate
    }

    /// Trains a trial on one fold and measures it; nil where it cannot be trained.
    ///
    /// - Returns: The gains at the best epoch, and how many epochs by themselves go as far as that.
    private func measure(
        _ variation: SettingsVariation, on data: HeldOutData
    ) throws(End) -> (gains: HoldoutGains, epochs: Int)? {
        var curve = EpochCurve()
        let result = try train(variation, on: data) {
            let gains = self.arena.gains(of: $0, on: data)
            curve.append(gains)
            return ValidationReport(criterion: "gain", value: gains.mean, higherIsBetter: true)
        }
        guard let result, let best = curve.best, let gains = curve.crossed else { return nil }
        let settings = result.hyperparameters
        let epochs = settings.learningRateSchedule.epochs(reachedBy: result.reports[best].epoch, of: settings.epochs)
        return (gains, epochs)
    }

    /// Trains a trial on one fold; nil where it cannot be trained.
    func train(
        _ variation: SettingsVariation, on data: HeldOutData, validate: ((ModelParameters) -> ValidationReport?)?
    ) throws(End) -> TrainingResult? {
        var settings = AutomaticSettings(
            profile: data.profile, of: rules.profile, wish: search.wish, given: search.given
        )
        .settings(variation)
        if !search.given.contains(.earlyStopping) { settings.earlyStopping = max(1, settings.earlyStopping) }
        try checkEnd()
        guard Self.fits(rules.settings(variation), search) else { return nil }
        do {
            return try Trainer(dataset: data.train, hyperparameters: settings, features: data.features).train(
                observer: Observer(isStopped: isStopped), remembering: data.memory, validate: validate)
        } catch TrainingError.cancelled {
            throw search.isCancelled() ? .cancelled : .budgetSpent
        } catch {
            return nil
        }
    }

    /// Ends the search when the job is cancelled, or the budget spent.
    func checkEnd() throws(End) {
        if isStopped() { throw search.isCancelled() ? .cancelled : .budgetSpent }
    }

    /// Ends a trial then.
    private struct Observer: TrainingObserver {
        let isStopped: @Sendable () -> Bool

        var isCancelled: Bool { isStopped() }
    }
}
