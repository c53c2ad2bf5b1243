import Dispatch
import InteractionStorage
import Locking
public import NCF
import Synchronization

/// One training run: what was asked, how far it is, how it ended.
///
/// Written by the training queue, read by any thread. Whoever wants to follow it registers a listener.
public final class TrainingJob: TrainingObserver, Sendable {
    /// Where the job stands.
    public enum State: String, Sendable {
        case queued, running, succeeded, failed, cancelled

        /// Whether nothing will change any more.
        public var hasEnded: Bool { self != .queued && self != .running }
    }

    /// What a running job is busy with.
    public enum Stage: String, Sendable {
        case loading, choosing, training, yardstick, evaluating, refitting, publishing
    }

    /// Everything that changes while the job runs.
    struct Progress: Sendable {
        /// How many changes there were, listeners told of each.
        var revision = 0
        var state = State.queued
        var stage: Stage?
        /// Why the job failed, or why its model was not published.
        var message: String?
        var startedAt: Int64?
        var endedAt: Int64?
        var hyperparameters: Hyperparameters?
        var data: DataSummary?
        /// What was tried to choose the settings.
        var search: SearchReport?
        var epoch = 0
        var epochs = 0
        var samplesOfEpoch = 0
        var samplesDone = 0
        var reports: [EpochReport] = []
        /// The epochs of the second training, on everything.
        var refitReports: [EpochReport] = []
        var evaluation: EvaluationReport?
        var version: Int?
        var isPublished = false
    }

    /// The `Idempotency-Key` of the request that a job came of, and what stands for its content.
    struct Key: Sendable, Equatable {
        var text: ExactName
        var content: UInt64
    }

    /// The job's name in paths.
    public let id: String
    let key: Key?
    let request: TrainingRequest
    let createdAt: Int64

    private let progress = Lock(Progress())
    private let cancellation = Atomic(false)
    private let afterEpoch: @Sendable (EpochReport) -> Void
    private let afterTrial: @Sendable (SearchReport) -> Void
    /// Runs the listeners, and alone touches their list.
    private let notifier = DispatchQueue(label: "nectar.training.notifier")
    private let listeners = Lock<[@Sendable (TrainingJob) -> Bool]>([])

    /// - Parameters:
    ///   - epochFinished: Called after each epoch on the thread that trains.
    ///   - trialFinished: Called there after each measurement of a trial, and once when the settings are chosen.
    init(
        id: String, request: TrainingRequest, key: Key? = nil, createdAt: Int64,
        epochFinished: @escaping @Sendable (EpochReport) -> Void = { _ in },
        trialFinished: @escaping @Sendable (SearchReport) -> Void = { _ in }
    ) {
        self.id = id
        self.key = key
        self.request = request
        self.createdAt = createdAt
        afterEpoch = epochFinished
        afterTrial = trialFinished
    }

    /// What is known of the job now.
    var current: Progress { progress.withLock { $0 } }

    /// Where the job stands now.
    public var state: State { progress.withLock { $0.state } }

    /// What the model measured on its holdout; nil before that, or without a holdout.
    public var evaluation: EvaluationReport? { progress.withLock { $0.evaluation } }

    /// The version of the model that came of it.
    public var version: Int? { progress.withLock { $0.version } }

    /// Why the job failed, or why its model was not published.
    public var message: String? { progress.withLock { $0.message } }

    /// Changes what is known, then tells the listeners.
    ///
    /// A job that has ended stays as it ended.
    func update(_ change: (inout Progress) -> Void) {
        let changed = progress.withLock { progress in
            guard !progress.state.hasEnded else { return false }
            change(&progress)
            progress.revision += 1
            return true
        }
        if changed { notify() }
    }

    /// Takes users who were erased out of the examples of what was found in the data, whether the job has ended or not.
    func forget(_ isErased: (String) -> Bool) {
        progress.withLock { progress in
            guard let cleaning = progress.data?.cleaning else { return }
            progress.data?.cleaning = cleaning.forgetting(isErased)
        }
    }

    /// Calls `listener` soon and after every change, one call at a time, until it returns false.
    ///
    /// The last call comes after the job has ended.
    func listen(_ listener: @escaping @Sendable (TrainingJob) -> Bool) {
        notifier.async { [self] in
            if listener(self) { listeners.withLock { $0.append(listener) } }
        }
    }

    /// Returns when all that there was to tell the listeners has been told.
    func flushNotices() { notifier.sync {} }

    private func notify() {
        notifier.async { [self] in
            let remaining = listeners.withLock { $0 }.filter { $0(self) }
            listeners.withLock { $0 = remaining }
        }
    }

    // MARK: TrainingObserver

    /// Asks the job to end; it does within a fraction of a second.
    func cancel() {
        cancellation.store(true, ordering: .relaxed)
    }

    /// Whether someone asked the job to end.
    public var isCancelled: Bool { cancellation.load(ordering: .relaxed) }

    /// An epoch ended.
    public func epochFinished(_ report: EpochReport) {
        update { progress in
            progress.epoch = report.epoch
            progress.epochs = report.of
            progress.samplesDone = 0
            if progress.stage == .refitting {
                progress.refitReports.append(report)
            } else {
                progress.reports.append(report)
            }
        }
        afterEpoch(report)
    }

    /// A trial was measured, or the settings are chosen.
    func searched(_ report: SearchReport) {
        update { $0.search = report }
        afterTrial(report)
    }

    /// Part of an epoch is done; listeners are told at its end.
    public func progressed(epoch: Int, samples: Int, of total: Int) {
        progress.withLock { progress in
            progress.samplesDone = samples
            progress.samplesOfEpoch = total
        }
    }
}
