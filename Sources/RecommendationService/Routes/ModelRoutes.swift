import HTTP
import HTTPServer
import InteractionStorage
import JSON
import NCF

/// `/models`: what was trained, and which of it serves.
struct ModelRoutes: Sendable {
    let models: ModelStore
    /// Has the memory of recent interactions begin after that row, and suit those models: what a model knows need not be
    /// remembered besides.
    let remember: @Sendable (_ watermark: Int64, _ models: [ModelSnapshot]) throws(StoreError) -> Void
    /// Told when another model serves.
    let published: @Sendable () throws(StoreError) -> Void

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
        return try ModelVersion.required(request.parameter("version") ?? "")
    }

    private func list() -> HTTPResponse {
        Answer.json { writer in
            writer.object { answer in
                answer.key("models")
                answer.array { list in
                    for summary in models.versions() { summary.write(into: &list) }
                }
            }
        }
    }

    private func describe(_ version: Int) throws(Problem) -> HTTPResponse {
        guard let summary = models.versions().first(where: { $0.version == version }) else {
            throw Problem(.notFound, "There is no model \(ModelVersion.name(of: version)).")
        }
        return Answer.json { summary.write(into: &$0) }
    }

    private func publish(_ version: Int) throws(Problem) -> HTTPResponse {
        let next = try load(version)
        // Before the exchange the memory must suit both models, or for a moment what was seen would be shown.
        let serving = models.current
        try remember(
            after: min(serving?.lineage.dataWatermark ?? 0, next.lineage.dataWatermark),
            for: (serving.map { [$0] } ?? []) + [next])
        do {
            try models.publish(loaded: next)
        } catch {
            throw Problem(.conflict, "\(next.name) cannot be published: \(error).")
        }
        let current = models.current ?? next
        try remember(after: current.lineage.dataWatermark, for: [current])
        try Answer.storing { () throws(StoreError) in try published() }
        return try describe(version)
    }

    private func load(_ version: Int) throws(Problem) -> ModelSnapshot {
        do {
            if let snapshot = try models.load(version: version) { return snapshot }
        } catch {
            throw Problem(.conflict, "\(ModelVersion.name(of: version)) cannot be published: \(error).")
        }
        throw Problem(.notFound, "There is no model \(ModelVersion.name(of: version)).")
    }

    private func remember(after watermark: Int64, for models: [ModelSnapshot]) throws(Problem) {
        try Answer.storing { () throws(StoreError) in try remember(watermark, models) }
    }
}

extension ModelSummary {
    /// The model as `GET /models/{version}` answers it.
    func write(into writer: inout JSONWriter) {
        writer.object { model in
            model.member("version", ModelVersion.name(of: version))
            model.member("current", isCurrent)
            model.member("origin", lineage.origin.rawValue)
            model.member("created_at", milliseconds: lineage.createdAt)
            if let publishedAt { model.member("published_at", milliseconds: publishedAt) }
            model.member("users", userCount)
            model.member("items", itemCount)
            model.member("interactions", lineage.interactionCount)
            model.member("data_watermark", lineage.dataWatermark)
            model.member("bytes", byteCount)
            model.key("configuration")
            switch lineage.origin {
            case .trained: lineage.hyperparameters.write(into: &model)
            // How a model that came from elsewhere was trained is not known.
            case .imported: model.object { lineage.hyperparameters.writeForm(into: &$0) }
            }
            Self.write("metrics", lineage.metrics, into: &model)
            Self.write("seconds", lineage.durations, into: &model)
        }
    }

    private static func write(_ name: String, _ figures: [String: Double], into writer: inout JSONWriter) {
        writer.key(name)
        writer.object { object in
            for (figure, value) in figures.sorted(by: { $0.key < $1.key }) { object.member(figure, value) }
        }
    }
}
