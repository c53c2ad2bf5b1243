import HTTP
import HTTPServer
import InteractionStorage
import JSON

/// `/quarantine`: rows that were refused while the others of their upload were stored.
struct QuarantineRoutes: Sendable {
    let store: any InteractionStore
    let configuration: ServiceConfiguration

    func register(in router: inout Router) {
        router.addOffloaded(.get, "/quarantine", as: .bulk, list)
        router.addOffloaded(.delete, "/quarantine", as: .bulk, clear)
        router.addOffloaded(.delete, "/quarantine/{upload}", as: .bulk, clear)
    }

    private func list(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        var query = QueryParameters(request, known: ["upload", "user_id", "cursor", "limit"])
        let upload = query.identifier("upload")
        let userID = query.identifier("user_id")
        let cursor = query.integer("cursor", in: 0...Int.max)
        let maximumLimit = configuration.recommendation.maximumLimit
        let limit = query.integer("limit", in: 1...maximumLimit) ?? min(100, maximumLimit)
        try query.check()
        let (page, counts) = try Answer.storing { () throws(StoreError) in
            let page = try store.quarantinedRows(
                upload: upload, userID: userID, after: cursor.map(Int64.init), limit: limit)
            return (page, try store.quarantineCounts)
        }
        return Answer.json { writer in
            writer.object { answer in
                answer.key("rows")
                answer.array { list in
                    for row in page { QuarantinedRowEncoder.encode(row, to: &list) }
                }
                answer.member("held", counts.rows)
                answer.member("dropped", counts.dropped)
                answer.key("next")
                if page.count == limit, let last = page.last {
                    answer.value("\(last.id)")
                } else {
                    answer.null()
                }
            }
        }
    }

    /// All, or those of one upload; none is no fault, for a repeated request finds none.
    private func clear(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        try QueryParameters.refuse(in: request)
        let upload = request.parameter("upload")
        let removed = try Answer.storing { () throws(StoreError) in try store.clearQuarantine(upload: upload) }
        return Answer.json { $0.object { $0.member("removed", removed) } }
    }
}

/// Writes a row in quarantine as a JSON object.
enum QuarantinedRowEncoder {
    /// Octets that are no UTF-8 are replaced: JSON cannot carry them.
    static func encode(_ row: QuarantinedRow, to writer: inout JSONWriter) {
        writer.object { object in
            object.member("upload", row.upload)
            object.member("format", row.format.rawValue)
            object.member(row.format == .json ? "index" : "line", row.line)
            object.member("text", String(decoding: row.text, as: UTF8.self))
            object.member("cut", row.isCut)
            object.member("detail", row.detail)
            object.member("user_id", ifPresent: row.userID)
            object.member("time", milliseconds: row.time)
        }
    }
}
