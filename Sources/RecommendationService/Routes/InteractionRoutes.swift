import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON

/// `/interactions`: what people did.
struct InteractionRoutes: Sendable {
    let store: any InteractionStore
    let configuration: ServiceConfiguration
    let contentBudget: ContentBudget
    /// What all content has to do with, be it a document or rows.
    let setting: InteractionDocument.Setting
    /// Rows of an upload in one transaction.
    let uploadBatchSize: Int

    func register(in router: inout Router) {
        router.addStreaming(.post, "/interactions") { receive($0) }
        router.addOffloaded(.get, "/interactions", as: .bulk, list)
        router.addOffloaded(.delete, "/interactions/{interaction_id}", delete)
    }

    /// Looks at the head alone: what is refused here is never asked for.
    private func receive(_ request: ServerRequest) -> RequestBodyDecision {
        do throws(Problem) {
            return .taken(by: try makeConsumer(for: request))
        } catch {
            return .refused(error.response())
        }
    }

    private func makeConsumer(for request: ServerRequest) throws(Problem) -> any RequestBodyConsumer {
        var query = QueryParameters(request, known: ["partial"])
        let isPartial = query.bool("partial") ?? false
        try query.check()
        let key = try IdempotencyKey.of(request)
        let format = try RequestBody.format(of: request.head, accepting: RequestBody.rowMediaTypes)
        if format == .json { try setting.check(request.head.framing) }
        try setting.recorder.checkRoom()
        switch format {
        case .json:
            return InteractionDocument(
                setting, isPartial: isPartial, idempotencyKey: key, begunAfter: request.stamp,
                reservation: contentBudget.reserve())
        case .ndjson:
            let limits = rowLimits(isPartial)
            return upload(isPartial, key, request.stamp, .ndjson) { NDJSONInteractionReader(limits: limits) }
        case .csv:
            let limits = rowLimits(isPartial)
            return upload(isPartial, key, request.stamp, .csv) { CSVInteractionReader(limits: limits) }
        }
    }

    private func rowLimits(_ isPartial: Bool) -> InteractionLimits {
        isPartial ? setting.quarantine.limits(setting.limits) : setting.limits
    }

    private func upload(
        _ isPartial: Bool, _ key: String?, _ begun: Int64, _ format: QuarantinedRow.Format,
        _ makeReader: @escaping @Sendable () -> any InteractionReader
    ) -> InteractionUpload {
        InteractionUpload(
            recorder: setting.recorder, isPartial: isPartial, key: key.map(UploadKey.init), begunAfter: begun,
            quarantine: setting.quarantine, format: format, spoolDirectory: configuration.dataDirectory,
            contentBudget: contentBudget, batchSize: uploadBatchSize, makeReader: makeReader)
    }

    private func list(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        var query = QueryParameters(request, known: ["user_id", "item_id", "kind", "cursor", "limit"])
        let userID = query.identifier("user_id")
        let itemID = query.identifier("item_id")
        let kind = query.identifier("kind")
        let cursor = query.integer("cursor", in: 0...Int.max)
        let maximumLimit = configuration.recommendation.maximumLimit
        let limit = query.integer("limit", in: 1...maximumLimit) ?? min(100, maximumLimit)
        try query.check()
        let page = try Answer.storing { () throws(StoreError) in
            try store.interactions(
                userID: userID, itemID: itemID, kind: kind, after: cursor.map(Int64.init), limit: limit)
        }
        return Answer.json { writer in
            writer.object { answer in
                answer.key("interactions")
                answer.array { list in
                    for stored in page { InteractionEncoder.encode(stored, to: &list) }
                }
                answer.key("next")
                if page.count == limit, let last = page.last {
                    answer.value("\(last.rowID)")
                } else {
                    answer.null()
                }
            }
        }
    }

    private func delete(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        try QueryParameters.refuse(in: request)
        let id = request.parameter("interaction_id") ?? ""
        let isDeleted = try Answer.storing { () throws(StoreError) in try setting.recorder.delete(id: id, from: store) }
        guard isDeleted else { throw Problem(.notFound, "There is no interaction \"\(id)\".") }
        return HTTPResponse(status: .noContent)
    }
}
