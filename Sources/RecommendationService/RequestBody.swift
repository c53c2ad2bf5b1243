import HTTP
import HTTPServer
import JSON

/// What a request's body is declared to be, and its JSON.
enum RequestBody {
    /// How the content of a body is written.
    enum Format: Sendable, Equatable {
        case json
        case ndjson
        case csv
    }

    /// The media types that routes with a JSON body name in a 415.
    static let acceptedMediaTypes = "application/json, application/x-ndjson, text/csv"

    /// The format that `Content-Type` declares.
    ///
    /// None means JSON, and so does `application/x-www-form-urlencoded`: `curl -d` sends it unasked, and every route
    /// answers curl without a special field.
    static func format(of head: HTTPRequest) throws(Problem) -> Format {
        guard let declared = head.fields[.contentType] else { return .json }
        let mediaType = declared.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        switch mediaType {
        case "application/json", "application/x-www-form-urlencoded", "text/json", "": return .json
        case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
            return .ndjson
        case "text/csv": return .csv
        default:
            throw Problem(
                .unsupportedMediaType, "The media type \"\(mediaType)\" is not read here; JSON is (application/json).")
        }
    }

    /// The document in the body of a request that must be JSON, and whose settings all stand there.
    ///
    /// - Parameter emptyMeans: what stands for an empty body, on routes where every member is optional.
    static func json(of request: ServerRequest, emptyMeans fallback: String? = nil) throws(Problem) -> JSONDocument {
        try QueryParameters.refuse(in: request)
        guard try format(of: request.head) == .json else {
            throw Problem(.unsupportedMediaType, "This route takes one JSON document (application/json).")
        }
        return try json(in: request.body, emptyMeans: fallback)
    }

    /// Refuses content on a route that has no settings, but for an empty object.
    static func refuse(in request: ServerRequest) throws(Problem) {
        guard !request.body.isEmpty else { return }
        let document = try json(of: request)
        var faults = JSONFaults()
        _ = JSONObjectDecoder(document.root, knownMembers: [], faults: &faults)
        guard faults.isEmpty else { throw Problem(faults: faults) }
    }

    /// The document in `bytes`.
    static func json(in bytes: [UInt8], emptyMeans fallback: String? = nil) throws(Problem) -> JSONDocument {
        var content = bytes
        if content.isEmpty {
            guard let fallback else { throw Problem(.badRequest, "The body is empty; a JSON document was expected.") }
            content = Array(fallback.utf8)
        }
        do {
            return try JSONParser().parse(content)
        } catch {
            throw Problem(error)
        }
    }
}
