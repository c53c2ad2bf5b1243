import HTTP
import HTTPServer
import JSON

/// What the routes of items and of users have in common: a list, one record by its ID, and many at once.
protocol RecordRoutes: Sendable {
    /// What one record is called: `item` has the routes `/items` and `/items/{item_id}`.
    static var noun: String { get }

    /// What has to be free on the disk for something to be stored.
    var reserve: DiskReserve { get }

    func list(_ request: ServerRequest) throws(Problem) -> HTTPResponse
    func putMany(_ request: ServerRequest) throws(Problem) -> HTTPResponse
    func get(_ request: ServerRequest) throws(Problem) -> HTTPResponse
    func put(_ request: ServerRequest) throws(Problem) -> HTTPResponse
    func patch(_ request: ServerRequest) throws(Problem) -> HTTPResponse
    func delete(_ request: ServerRequest) throws(Problem) -> HTTPResponse
}

extension RecordRoutes {
    /// The template of the path of one record.
    static var template: String { "/\(noun)s/{\(noun)_id}" }

    func registerRecords(in router: inout Router) {
        router.addOffloaded(.get, "/\(Self.noun)s", list)
        router.addOffloaded(.post, "/\(Self.noun)s", refusing: RequestBody.refusal, storing(putMany))
        router.addOffloaded(.get, Self.template, get)
        let refusal = RequestBody.refusal { request throws(Problem) in
            _ = try id(of: request)
            try RequestBody.checkHead(of: request)
        }
        router.addOffloaded(.put, Self.template, refusing: refusal, storing(put))
        router.addOffloaded(.patch, Self.template, refusing: refusal, storing(patch))
        router.addOffloaded(.delete, Self.template, delete)
    }

    /// `handler` for as long as there is room for what it stores.
    private func storing(
        _ handler: @escaping @Sendable (ServerRequest) throws(Problem) -> HTTPResponse
    ) -> @Sendable (ServerRequest) throws(Problem) -> HTTPResponse {
        { [reserve] request throws(Problem) in
            try reserve.check()
            return try handler(request)
        }
    }

    /// The ID in the path of a request that has no query.
    func id(of request: ServerRequest) throws(Problem) -> String {
        try QueryParameters.refuse(in: request)
        let id = request.parameter("\(Self.noun)_id") ?? ""
        if let problem = JSONIdentifier.problem(in: id) {
            throw Problem(.badRequest, "The \(Self.noun)'s ID: \(problem).")
        }
        return id
    }

    func missing(_ id: String) -> Problem { Problem(.notFound, "There is no \(Self.noun) \"\(id)\".") }
}

extension Router {
    /// Has `handler` answer on a pool; what it throws is the answer too.
    mutating func addOffloaded(
        _ method: HTTPMethod, _ template: String, as mode: HandlerMode = .offloaded,
        refusing refusal: HeadRefusal? = nil,
        _ handler: @escaping @Sendable (ServerRequest) throws(Problem) -> HTTPResponse
    ) {
        add(method, template, mode, refusing: refusal) { request in
            Answer.or { () throws(Problem) in try handler(request) }
        }
    }
}
