import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import NCF

/// `/recommend`: who would like what.
struct RecommendationRoutes: Sendable {
    let recommender: Recommender
    let models: ModelStore
    let configuration: ServiceConfiguration

    func register(in router: inout Router) {
        router.add(.get, "/recommend", .inline) { request in
            Answer.or { () throws(Problem) in
                answer(
                    try RecommendationRequest(query: request, configuration: configuration.recommendation),
                    to: request)
            }
        }
        // Offloaded: it may ask for a thousand users.
        router.add(.post, "/recommend", .offloaded, refusing: RequestBody.refusal) { request in
            Answer.or { () throws(Problem) in
                let document = try RequestBody.json(of: request)
                return answer(
                    try RecommendationRequest(document, configuration: configuration.recommendation),
                    to: request)
            }
        }
    }

    private func answer(_ request: RecommendationRequest, to caller: ServerRequest) -> HTTPResponse {
        let id = caller.requestID
        // One snapshot from beginning to end: every list of an answer comes from the same model.
        let snapshot = models.current
        let lists = recommender.recommend(request, from: snapshot) {
            request.deadline.map { caller.age >= $0 } ?? false
        }
        var fields = HTTPFields()
        if let snapshot { fields.append(Answer.modelField, snapshot.name) }
        return Answer.json(fields: fields) { writer in
            if request.isBatch {
                writer.object { document in
                    document.member("model", ifPresent: snapshot?.name)
                    document.member("recommendation_id", id)
                    document.key("results")
                    document.array { results in
                        for list in lists { write(list, request, snapshot: snapshot, id: nil, into: &results) }
                    }
                }
            } else {
                for list in lists { write(list, request, snapshot: snapshot, id: id, into: &writer) }
            }
        }
    }

    private func write(
        _ list: Recommendation, _ request: RecommendationRequest, snapshot: ModelSnapshot?, id: String?,
        into writer: inout JSONWriter
    ) {
        writer.object { answer in
            answer.member("user_id", ifPresent: list.userID)
            answer.member("model", ifPresent: snapshot?.name)
            answer.member("recommendation_id", ifPresent: id)
            answer.member("fallback", list.isFallback)
            answer.member("degraded", list.isDegraded)
            answer.key("items")
            answer.array { items in
                for (index, entry) in list.entries.enumerated() {
                    write(entry, rank: request.shown.count + index + 1, fields: request.fields, into: &items)
                }
            }
            answer.key("next")
            if let next = request.next(after: list) { answer.value(next) } else { answer.null() }
        }
    }

    private func write(
        _ entry: Recommendation.Entry, rank: Int, fields: [String], into writer: inout JSONWriter
    ) {
        writer.object { item in
            item.member("item_id", entry.itemID)
            item.member("rank", rank)
            item.member("score", Float(entry.score))
            item.member("rating", ifPresent: entry.rating.map(Float.init))
            if entry.boost != 1 { item.member("boost", Float(entry.boost)) }
            item.member("source", entry.source.rawValue)
            if let record = entry.record, !fields.isEmpty {
                item.key("item")
                item.object { record.write(fields, into: &$0) }
            }
            if let explanation = entry.explanation {
                item.key("explanation")
                item.object { Self.write(explanation, into: &$0) }
            }
        }
    }

    /// The parts add up to the logit, whose logistic function is the score of a model of implicit feedback.
    private static func write(_ explanation: Recommendation.Explanation, into writer: inout JSONWriter) {
        writer.key("because_of")
        writer.array { reasons in
            for reason in explanation.becauseOf {
                reasons.object { entry in
                    entry.member("item_id", reason.itemID)
                    entry.member("weight", reason.weight)
                }
            }
        }
        writer.key("parts")
        writer.object { parts in
            parts.member("gmf", explanation.parts.gmf)
            parts.member("mlp", explanation.parts.mlp)
            parts.member("neighbours", explanation.parts.neighbours)
            parts.member("user_bias", explanation.parts.userBias)
            parts.member("item_bias", explanation.parts.itemBias)
            parts.member("global_bias", explanation.parts.global)
        }
    }
}
