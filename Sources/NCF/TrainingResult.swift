/// What a training run ended with.
public struct TrainingResult: Sendable {
    /// The weights of the best epoch by the holdout, or of the last where there was none.
    public var parameters: ModelParameters
    /// The settings trained with, the objective resolved.
    public var hyperparameters: Hyperparameters
    /// One report per epoch.
    public var reports: [EpochReport]
    /// The epoch (the first is 1; 0 is the closed form) that ``parameters`` come from.
    public var bestEpoch: Int
    /// What has been made of its logits since; nil for nothing.
    public private(set) var calibration: LogitCalibration?

    /// Puts together what a run produced.
    public init(
        parameters: ModelParameters, hyperparameters: Hyperparameters, reports: [EpochReport], bestEpoch: Int
    ) {
        self.parameters = parameters
        self.hyperparameters = hyperparameters
        self.reports = reports
        self.bestEpoch = bestEpoch
    }

    /// Makes every logit z of the weights what `calibration` makes of it; once.
    public mutating func calibrate(by calibration: LogitCalibration) {
        precondition(self.calibration == nil, "a model is calibrated once")
        parameters = parameters.calibrated(by: calibration)
        self.calibration = calibration
    }
}

/// Why a training run ended without a model.
public enum TrainingError: Error, Equatable, Sendable {
    /// The observer asked for it.
    case cancelled
    /// The data has nothing to learn from; the sentence says what is missing.
    case nothingToTrain(String)
    /// The loss stopped being a finite number in this epoch.
    case diverged(epoch: Int)
    /// The checkpoint could not be written; the sentence says why.
    case checkpoint(String)
    /// The settings are out of their bounds; every fault is listed.
    case invalidHyperparameters(HyperparameterFaults)
    /// The training would take about `bytes` of memory, and may not take more than `limit`.
    case needsMemory(bytes: Int, limit: Int)
}
