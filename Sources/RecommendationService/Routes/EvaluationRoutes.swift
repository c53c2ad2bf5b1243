import HTTP
import HTTPServer
import JSON
import NCF

/// `POST /evaluate`: what a model is worth, as a job among those of `/train` that leaves no model.
struct EvaluationRoutes: Sendable {
    let coordinator: TrainingCoordinator
    let models: ModelStore
    let clock: WallClock
    let threads: Int
    let learning: LearningRules

    func register(in router: inout Router) {
        router.addDeferred(.post, "/evaluate", refusing: RequestBody.refusal) { request, respond in
            submit(request, respond)
        }
    }

    private func submit(_ request: ServerRequest, _ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        let evaluation: TrainingRequest
        do {
            evaluation = try TrainingRequest(
                evaluating: RequestBody.json(of: request, emptyMeans: "{}"), of: models, threads: threads,
                learning: learning)
            try coordinator.reservePlace()
        } catch {
            return respond(error.response())
        }
        coordinator.answer(coordinator.submit(evaluation), clock: clock, respond)
    }
}
