/// Learns how a training run goes, and can end it. Called on the thread that called the trainer, never concurrently.
public protocol TrainingObserver: Sendable {
    /// An epoch has ended, its validation included.
    func epochFinished(_ report: EpochReport)

    /// `samples` of the `total` samples of `epoch` (the first is 1) are done; called several times a second at most.
    func progressed(epoch: Int, samples: Int, of total: Int)

    /// Asked many times in every mini-batch, on any thread; once it is true training ends with
    /// ``TrainingError/cancelled``. Must be cheap.
    var isCancelled: Bool { get }
}

extension TrainingObserver {
    /// Ignores the report.
    public func epochFinished(_ report: EpochReport) {}

    /// Ignores the progress.
    public func progressed(epoch: Int, samples: Int, of total: Int) {}

    /// Never cancels.
    public var isCancelled: Bool { false }
}

/// An observer that neither looks nor cancels.
public struct NoTrainingObserver: TrainingObserver {
    /// An observer that does nothing.
    public init() {}
}
