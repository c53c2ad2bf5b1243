import Dispatch
import HTTP
import InteractionStorage
import Locking
import Logging
import NCF

/// Runs training jobs one at a time, in order, on a background queue; serving never waits for it.
final class TrainingCoordinator: Sendable {
    /// Jobs that ended stay readable until this many newer ones have come.
    static let rememberedJobs = 100

    private struct State {
        var jobs: [TrainingJob] = []
        /// Places in the queue that are kept for jobs whose interactions are being stored.
        var reserved = 0
        var isShutDown = false
    }

    private let pipeline: TrainingPipeline
    private let configuration: ServiceConfiguration.Training
    private let numbers: JobNumbers
    private let jobEnded: @Sendable (TrainingJob) -> Void
    private let queue = DispatchQueue(label: "nectar.training", qos: .utility)
    private let state = Lock(State())

    /// - Parameter jobEnded: Called once after each job, before whoever waits for it is told.
    init(
        pipeline: TrainingPipeline,
        configuration: ServiceConfiguration.Training,
        numbers: JobNumbers,
        jobEnded: @escaping @Sendable (TrainingJob) -> Void
    ) {
        self.pipeline = pipeline
        self.configuration = configuration
        self.numbers = numbers
        self.jobEnded = jobEnded
    }

    /// Keeps a place in the queue for a job, until ``submit(_:)`` takes it or ``giveUpPlace()`` frees it.
    func reservePlace() throws(Problem) {
        try state.withLock { state throws(Problem) in
            guard !state.isShutDown else {
                throw Problem(.serviceUnavailable, "The server is shutting down.", retryAfterSeconds: 10)
            }
            // One job runs, or is about to.
            let waiting = state.reserved + state.jobs.count { !$0.state.hasEnded } - 1
            guard waiting < configuration.queue else {
                throw Problem(
                    .tooManyRequests, "As many training jobs as may wait are waiting already (\(configuration.queue)).",
                    retryAfterSeconds: 10)
            }
            state.reserved += 1
        }
    }

    /// Frees a place that will not be needed.
    func giveUpPlace() {
        state.withLock { $0.reserved -= 1 }
    }

    /// The remembered job of a request with that key; throws where the request is another.
    func job(of key: TrainingJob.Key) throws(Problem) -> TrainingJob? {
        guard let job = state.withLock({ Self.job(of: key, in: $0) }) else { return nil }
        guard job.key == key else {
            throw Problem(
                .unprocessableContent,
                "This Idempotency-Key was used before, for another request, of which job \(job.id) came.")
        }
        return job
    }

    private static func job(of key: TrainingJob.Key, in state: State) -> TrainingJob? {
        state.jobs.last { $0.key?.text == key.text }
    }

    /// Queues a job, for which a place was reserved; or answers the one that the same request with that key came to before.
    func submit(_ request: TrainingRequest, key: TrainingJob.Key? = nil) -> TrainingJob {
        let (job, isNew, isTooLate) = state.withLock { state in
            state.reserved -= 1
            if let key, let job = Self.job(of: key, in: state), job.key == key { return (job, false, false) }
            let job = TrainingJob(
                id: "\(numbers.next())", request: request, key: key, createdAt: pipeline.clock.milliseconds())
            state.jobs.append(job)
            if let oldest = state.jobs.firstIndex(where: { $0.state.hasEnded }), state.jobs.count > Self.rememberedJobs
            {
                state.jobs.remove(at: oldest)
            }
            return (job, true, state.isShutDown)
        }
        guard isNew else { return job }
        if isTooLate { cancel(job) }
        // The first listener, so that whoever waits for the job hears of its end after it has been counted.
        job.listen { [jobEnded] job in
            guard job.state.hasEnded else { return true }
            jobEnded(job)
            return false
        }
        queue.async { [self] in
            if !job.state.hasEnded { pipeline.run(job) }
        }
        return job
    }

    /// Queues a training by the rules, to be published whatever it measures: who was erased is to be in no model. One that waits
    /// already will do, for it has read nothing yet.
    func retrainWithoutErased(threads: Int, _ learning: LearningRules, _ logger: Logger) {
        guard !jobs.contains(where: { $0.state == .queued && $0.request.willBePublished }) else { return }
        do throws(Problem) {
            try reservePlace()
        } catch {
            return logger.error("No training without erased users could be queued: \(error.detail)")
        }
        var request = TrainingRequest()
        request.publication = .always
        request.hyperparameters.threads = threads
        request.hyperparameters.cleaning = learning.cleaning
        request.hyperparameters.history.length = learning.historyLength
        _ = submit(request)
    }

    /// The job named `id`, if it is still remembered.
    func job(_ id: String) -> TrainingJob? {
        state.withLock { state in state.jobs.first { $0.id == id } }
    }

    /// Takes a user who was erased out of what the jobs tell of their data.
    func forget(userID: String) {
        let erased = ExactName(userID)
        for job in jobs { job.forget { ExactName($0) == erased } }
    }

    /// All remembered jobs, newest first.
    var jobs: [TrainingJob] { state.withLock { $0.jobs.reversed() } }

    /// Asks a job to end: one that waits ends at once, one that runs within a fraction of a second.
    func cancel(_ job: TrainingJob) {
        job.cancel()
        let now = pipeline.clock.milliseconds()
        job.update { progress in
            guard progress.state == .queued else { return }
            progress.state = .cancelled
            progress.endedAt = now
        }
    }

    /// Cancels every job, takes no more, and returns when the one that ran has ended.
    func shutDown() {
        let open = state.withLock { state in
            state.isShutDown = true
            return state.jobs.filter { !$0.state.hasEnded }
        }
        for job in open { cancel(job) }
        queue.sync {}
        numbers.end()
    }
}
