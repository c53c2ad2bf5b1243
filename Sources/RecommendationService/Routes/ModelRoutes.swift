import HTTP
import HTTPServer
import InteractionStorage
import JSON
import NCF

/// `/models`: what was trained, and which of it serves.
struct ModelRoutes: Sendable {
    let models: ModelStore
    /// Has the memory of recent interactions begin after that row: what a model knows need not be remembered besides.
    let remember: @Sendable (_ watermark: Int64) throws(StoreError) -> Void

    func register(in router: inout Router) {
        router.add(.get, "/models", .offloaded) { request in
            Answer.or { () throws(Problem) in
                try QueryParameters.refuse(in: request)
                return list()
            }
        }
        router.add(.get, "/models/current", .offloaded) { request in
            Answer.or { () throws(Problem) in
                try QueryParameters.refuse(in: request)
                guard let current = models.current else { throw Problem(.notFound, "There is no model yet.") }
                return try describe(current.version)
            }
        }
        router.add(.get, "/models/{version}", .offloaded) { request in
            Answer.or { () throws(Problem) in try describe(version(of: request)) }
        }
        router.add(.post, "/models/{version}/publish", .offloaded, refusing: RequestBody.refusal) { request in
            Answer.or { () throws(Problem) in
                try RequestBody.refuse(in: request)
                return try publish(version(of: request))
            }
        }
    }

    private func version(of request: ServerRequest) throws(Problem) -> Int {
        try QueryParameters.refuse(in: request)
        let name = request.parameter("version") ?? ""
        guard let version = ModelVersion.number(of: name) else {
            throw Problem(.notFound, "\"\(name)\" is not the version of a model; versions look like v17.")
        }
        return version
    }

    private func list() -> HTTPResponse {
        Answer.json { writer in
            writer.object { answer in
                answer.key("models")
                answer.array { list in
                    for summary in models.versions() { Self.write(summary, into: &list) }
                }
            }
        }
    }

    private func describe(_ version: Int) throws(Problem) -> HTTPResponse {
        guard let summary = models.versions().first(where: { $0.version == version }) else {
            throw Problem(.notFound, "There is no model \(ModelVersion.name(of: version)).")
        }
        return Answer.json { Self.write(summary, into: &$0) }
    }

    private func publish(_ version: Int) throws(Problem) -> HTTPResponse {
        guard let summary = models.versions().first(where: { $0.version == version }) else {
            throw Problem(.notFound, "There is no model \(ModelVersion.name(of: version)).")
        }
        // Before the exchange the memory must suit both models, or for a moment what was seen would be shown.
        let serving = models.current?.lineage.dataWatermark ?? 0
        try remember(after: min(serving, summary.lineage.dataWatermark))
        do {
            try models.publish(version: version)
        } catch {
            throw Problem(.conflict, "\(ModelVersion.name(of: version)) cannot be published: \(error).")
        }
        try remember(after: models.current?.lineage.dataWatermark ?? 0)
        return try describe(version)
    }

    private func remember(after watermark: Int64) throws(Problem) {
        try Answer.storing { () throws(StoreError) in try remember(watermark) }
    }

    private static func write(_ summary: ModelSummary, into writer: inout JSONWriter) {
        writer.object { model in
            model.member("version", ModelVersion.name(of: summary.version))
            model.member("current", summary.isCurrent)
            model.member("created_at", milliseconds: summary.lineage.createdAt)
            model.member("users", summary.userCount)
            model.member("items", summary.itemCount)
            model.member("interactions", summary.lineage.interactionCount)
            model.member("data_watermark", summary.lineage.dataWatermark)
            model.member("bytes", summary.byteCount)
            model.key("configuration")
            summary.lineage.hyperparameters.write(into: &model)
            write("metrics", summary.lineage.metrics, into: &model)
            write("seconds", summary.lineage.durations, into: &model)
        }
    }

    private static func write(_ name: String, _ figures: [String: Double], into writer: inout JSONWriter) {
        writer.key(name)
        writer.object { object in
            for (figure, value) in figures.sorted(by: { $0.key < $1.key }) { object.member(figure, value) }
        }
    }
}
