import HTTP
import HTTPServer
import InteractionStorage

/// `GET /export`: all that is stored, streamed, as files that `nectar import` and `POST /interactions` read.
struct ExportRoutes: Sendable {
    let store: any InteractionStore

    func register(in router: inout Router) {
        router.addOffloaded(.get, "/export", as: .bulk, export)
    }

    private func export(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        var query = QueryParameters(request, known: ["what", "format"])
        let what = query.choice("what", of: RecordExport.What.allCases) ?? .interactions
        let format = query.choice("format", of: RecordExport.Format.allCases) ?? .ndjson
        try query.check()
        guard what == .interactions || format == .ndjson else {
            throw Problem(.badRequest, "Only interactions are written as CSV; \(what.rawValue) have parts in parts.")
        }
        let export = try Answer.storing { () throws(StoreError) in
            try RecordExport(of: what, as: format, from: store)
        }
        return HTTPResponse(
            status: .ok,
            fields: [
                .contentType: format == .csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
                "Content-Disposition": "attachment; filename=\"\(what.rawValue).\(format.rawValue)\"",
            ], body: .stream(export.stream()))
    }
}
