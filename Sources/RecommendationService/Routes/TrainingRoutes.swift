import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import NCF

/// `/train`: jobs that make models.
struct TrainingRoutes: Sendable {
    let coordinator: TrainingCoordinator
    let recorder: InteractionRecorder
    let clock: WallClock
    let threads: Int
    /// What interactions that come along are held to.
    let limits: InteractionLimits
    /// What is not learned from where a request does not say.
    let learning: LearningRules

    func register(in router: inout Router) {
        router.addDeferred(.post, "/train", refusing: RequestBody.refusal) { request, respond in
            submit(request, respond)
        }
        router.add(.get, "/train", .inline) { request in
            Answer.or { () throws(Problem) in
                try QueryParameters.refuse(in: request)
                return list()
            }
        }
        router.add(.get, "/train/{job}", .inline) { request in
            Answer.or { () throws(Problem) in describe(try job(of: request)) }
        }
        router.add(.delete, "/train/{job}", .inline) { request in
            Answer.or { () throws(Problem) in
                let job = try job(of: request)
                coordinator.cancel(job)
                return describe(job, status: job.state.hasEnded ? .ok : .accepted)
            }
        }
        router.add(.get, "/train/{job}/events", .inline) { request in
            Answer.or { () throws(Problem) in events(of: try job(of: request), to: request) }
        }
    }

    private func submit(_ request: ServerRequest, _ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        let training: TrainingRequest
        let key: TrainingJob.Key?
        do {
            key = try IdempotencyKey.of(request).map {
                TrainingJob.Key(text: ExactName($0), content: Self.content(of: request))
            }
            if let job = try key.flatMap({ key throws(Problem) in try coordinator.job(of: key) }) {
                return coordinator.answer(job, clock: clock, respond)
            }
            training = try TrainingRequest(
                RequestBody.json(of: request, emptyMeans: "{}"), threads: threads, limits: limits,
                learning: learning)
            try recorder.checkCount(training.interactions)
            // A model that cannot be kept need not be trained.
            try recorder.reserve.check()
            // Before anything is stored: a request that is refused leaves nothing behind.
            try coordinator.reservePlace()
        } catch {
            return respond(error.response())
        }
        guard !training.interactions.isEmpty else { return start(training, key, respond) }
        recorder.append(training.interactions, idempotencyKey: key?.text.text, begunAfter: request.stamp) { result in
            switch result {
            case .success: start(training, key, respond)
            case .failure(let error):
                coordinator.giveUpPlace()
                respond(Problem(error).response())
            }
        }
    }

    private func start(
        _ training: TrainingRequest, _ key: TrainingJob.Key?, _ respond: @escaping @Sendable (HTTPResponse) -> Void
    ) {
        coordinator.answer(coordinator.submit(training, key: key), clock: clock, respond)
    }

    private static func content(of request: ServerRequest) -> UInt64 {
        var hash = StableHash()
        hash.combine(request.body)
        return hash.value
    }

    private func job(of request: ServerRequest) throws(Problem) -> TrainingJob {
        try QueryParameters.refuse(in: request)
        let id = request.parameter("job") ?? ""
        guard let job = coordinator.job(id) else { throw Problem(.notFound, "There is no training job \"\(id)\".") }
        return job
    }

    private func list() -> HTTPResponse {
        let now = clock.milliseconds()
        return Answer.json { writer in
            writer.object { answer in
                answer.key("jobs")
                answer.array { list in
                    for job in coordinator.jobs { job.write(into: &list, now: now) }
                }
            }
        }
    }

    private func describe(_ job: TrainingJob, status: HTTPStatus = .ok) -> HTTPResponse {
        job.response(status, at: clock)
    }

    /// The job as server-sent events. An EventSource asks again after every end, naming the last event it has had, until it
    /// is told that there is nothing more.
    private func events(of job: TrainingJob, to request: ServerRequest) -> HTTPResponse {
        let progress = job.current
        let last = request.head.fields.values(of: "Last-Event-ID")
        if progress.state.hasEnded, last == ["\(progress.revision)"] { return HTTPResponse(status: .noContent) }
        let events = TrainingEvents(of: job, clock: clock)
        events.begin()
        return HTTPResponse(
            status: .ok,
            fields: [
                .contentType: "text/event-stream", .cacheControl: "no-cache, no-store",
                // nginx would hold events back until it has a buffer full of them.
                "X-Accel-Buffering": "no",
            ], body: .stream(events.stream))
    }
}

extension TrainingCoordinator {
    /// Answers the request that `job` came of: at once, or when it has ended if the request waits.
    func answer(_ job: TrainingJob, clock: WallClock, _ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        guard job.request.waits else { return respond(job.response(.accepted, at: clock)) }
        job.listen { job in
            guard job.state.hasEnded else { return true }
            respond(job.response(at: clock))
            return false
        }
    }
}

extension TrainingJob {
    /// The job as a document; where it is not finished yet, with the place to look for it.
    fileprivate func response(_ status: HTTPStatus = .ok, at clock: WallClock) -> HTTPResponse {
        let now = clock.milliseconds()
        let fields: HTTPFields = status == .accepted ? [.location: "/train/\(id)"] : [:]
        return Answer.json(status, fields: fields) { write(into: &$0, now: now) }
    }
}
