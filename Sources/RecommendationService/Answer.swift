import HTTP
import HTTPServer
import InteractionStorage
import JSON

/// Ways to answer a request.
enum Answer {
    /// The name of the field that carries the version of the model that answered.
    static let modelField: HTTPFieldName = "Nectar-Model"

    private static let jsonFields: HTTPFields = {
        var fields = HTTPFields()
        fields.append(.contentType, "application/json")
        return fields
    }()

    /// A JSON document.
    static func json(
        _ status: HTTPStatus = .ok,
        fields: HTTPFields = HTTPFields(),
        _ body: (inout JSONWriter) -> Void
    ) -> HTTPResponse {
        var writer = JSONWriter()
        body(&writer)
        var fields = fields
        if fields.isEmpty {
            fields = jsonFields
        } else {
            fields.append(.contentType, "application/json")
        }
        return HTTPResponse(status: status, fields: fields, body: .bytes(writer.bytes))
    }

    /// What `work` answers, or the problem it threw.
    static func or(_ work: () throws(Problem) -> HTTPResponse) -> HTTPResponse {
        do {
            return try work()
        } catch {
            return error.response()
        }
    }

    /// Runs `work` on the store and turns its error into a problem.
    static func storing<Result>(_ work: () throws(StoreError) -> Result) throws(Problem) -> Result {
        do {
            return try work()
        } catch {
            throw Problem(error)
        }
    }
}
