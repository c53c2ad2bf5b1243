import HTTP
import HTTPServer
import InteractionStorage
import Locking
import NCF

/// `/models/{version}/weights`: models out and in as safetensors files; see docs/model-format.md.
struct WeightsRoutes: Sendable {
    let models: ModelStore
    let store: any InteractionStore
    let configuration: ServiceConfiguration
    let clock: WallClock
    let reserve: DiskReserve
    let contentBudget: ContentBudget

    /// Safetensors files have no registered media type.
    static let mediaType = "application/octet-stream"
    /// What `curl --data-binary` and `curl -T` say or leave out unasked is taken too.
    private static let acceptedMediaTypes: Set = [
        mediaType, "application/x-safetensors", "application/vnd.safetensors", "application/x-www-form-urlencoded", "",
    ]
    /// Bytes that a slow client may have waiting.
    private static let pieceLength = 1 << 18

    func register(in router: inout Router) {
        router.add(.get, "/models/{version}/weights", .bulk) { request in
            Answer.or { () throws(Problem) in
                try QueryParameters.refuse(in: request)
                return download(try snapshot(named: request.parameter("version") ?? ""))
            }
        }
        router.addStreaming(.put, "/models/{version}/weights") { receive($0) }
    }

    // MARK: Out

    private func snapshot(named name: String) throws(Problem) -> ModelSnapshot {
        if name == "current" {
            guard let current = models.current else { throw Problem(.notFound, "There is no model yet.") }
            return current
        }
        let version = try ModelVersion.required(name)
        do {
            if let snapshot = try models.load(version: version) { return snapshot }
        } catch {
            throw Problem(.conflict, "\(ModelVersion.name(of: version)) cannot be read: \(error).")
        }
        throw Problem(.notFound, "There is no model \(ModelVersion.name(of: version)).")
    }

    private func download(_ snapshot: ModelSnapshot) -> HTTPResponse {
        let export = snapshot.exportedWeights()
        let sent = Lock(0)
        let stream = ResponseStream(contentLength: UInt64(export.byteCount)) { stream in
            sent.withLock { offset in
                let piece = export.bytes(from: offset, limit: Self.pieceLength)
                offset += piece.count
                stream.write(piece)
                if offset == export.byteCount { stream.finish() }
            }
        }
        return HTTPResponse(
            status: .ok,
            fields: [
                .contentType: Self.mediaType, Answer.modelField: snapshot.name,
                "Content-Disposition": "attachment; filename=\"nectar-\(snapshot.name).safetensors\"",
            ], body: .stream(stream))
    }

    // MARK: In

    /// Looks at the head alone: what is refused here is never asked for.
    private func receive(_ request: ServerRequest) -> RequestBodyDecision {
        do throws(Problem) {
            return .taken(by: try makeUpload(for: request))
        } catch {
            return .refused(error.response())
        }
    }

    private func makeUpload(for request: ServerRequest) throws(Problem) -> WeightsUpload {
        try QueryParameters.refuse(in: request)
        try checkMediaType(of: request.head)
        try reserve.check()
        if case .contentLength(let length) = request.head.framing, length > UInt64(configuration.weightsBytes) {
            throw WeightsUpload.tooLarge(configuration.weightsBytes)
        }
        let name = request.parameter("version") ?? ""
        return WeightsUpload(
            version: name == "next" ? nil : try ModelVersion.required(name), models: models, store: store,
            kinds: configuration.kinds, spoolDirectory: configuration.dataDirectory,
            contentBudget: contentBudget, maximumLength: configuration.weightsBytes, clock: clock)
    }

    private func checkMediaType(of head: HTTPRequest) throws(Problem) {
        let declared = head.fields.values(of: .contentType)
        guard declared.count < 2 else { throw Problem(.badRequest, "Content-Type: the field is there twice.") }
        let mediaType = ContentType(declared.first ?? "").mediaType
        guard Self.acceptedMediaTypes.contains(mediaType) else {
            throw Problem(
                unsupported: "Weights are taken as a safetensors file (\(Self.mediaType)), not as \"\(mediaType)\".",
                accepting: Self.mediaType)
        }
    }
}

extension ModelVersion {
    /// The version that `name` is the name of.
    static func required(_ name: String) throws(Problem) -> Int {
        guard let version = number(of: name) else {
            throw Problem(.notFound, "\"\(name)\" is not the version of a model; versions look like v17.")
        }
        return version
    }
}
