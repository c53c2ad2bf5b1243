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

    /// The media types that a route with one JSON document names in a 415.
    private static let jsonMediaTypes = "application/json"
    /// The media types that a route with rows of data names in a 415.
    static let rowMediaTypes = "application/json, application/x-ndjson, text/csv"

    /// The format that `Content-Type` declares; every one is UTF-8, and another charset is refused rather than misread.
    ///
    /// None means JSON, and so does `application/x-www-form-urlencoded`: `curl -d` sends it unasked, and every route
    /// answers curl without a special field.
    static func format(of head: HTTPRequest, accepting accepted: String) throws(Problem) -> Format {
        let fields = head.fields
        guard let index = fields.firstIndex(of: .contentType) else { return .json }
        guard fields.firstIndex(of: .contentType, from: index + 1) == nil else {
            throw Problem(.badRequest, "Content-Type: the field is there twice.")
        }
        // As nearly everybody writes it.
        if fields.hasValue("application/json", at: index) { return .json }
        let contentType = ContentType(fields.value(at: index))
        if let charset = contentType.foreignCharset {
            throw Problem(
                unsupported: "The charset \"\(charset)\" is not read here; content is UTF-8.", accepting: accepted)
        }
        switch contentType.mediaType {
        case "application/json", "application/x-www-form-urlencoded", "text/json", "": return .json
        // As RFC 7396 calls what a PATCH is here.
        case "application/merge-patch+json" where head.method == .patch: return .json
        case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
            return .ndjson
        case "text/csv": return .csv
        default:
            throw Problem(
                unsupported:
                    "The media type \"\(contentType.mediaType)\" is not read here; JSON is (application/json).",
                accepting: accepted)
        }
    }

    /// The document in the body of a request that must be JSON, and whose settings all stand there.
    ///
    /// - Parameter emptyMeans: what stands for an empty body, on routes where every member is optional.
    static func json(of request: ServerRequest, emptyMeans fallback: String? = nil) throws(Problem) -> JSONDocument {
        try checkHead(of: request)
        return try json(in: request.body, emptyMeans: fallback)
    }

    /// Throws what ``json(of:emptyMeans:)`` would by the head alone.
    static func checkHead(of request: ServerRequest) throws(Problem) {
        try QueryParameters.refuse(in: request)
        guard try format(of: request.head, accepting: jsonMediaTypes) == .json else {
            throw Problem(
                unsupported: "This route takes one JSON document (application/json).", accepting: jsonMediaTypes)
        }
    }

    /// The answer to a request whose head alone is at fault, for routes that take one JSON document; nil for the others.
    static let refusal = refusal { (request) throws(Problem) in try checkHead(of: request) }

    /// The answer to a request whose head `check` refuses.
    static func refusal(
        by check: @escaping @Sendable (ServerRequest) throws(Problem) -> Void
    ) -> Router.HeadRefusal {
        { request in
            do throws(Problem) {
                try check(request)
                return nil
            } catch {
                return error.response()
            }
        }
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
            guard let fallback else { throw empty }
            content = Array(fallback.utf8)
        }
        do {
            return try JSONParser.lent { (parser) throws(JSONSyntaxError) in try parser.parse(content) }
        } catch {
            throw Problem(error)
        }
    }

    /// The document in `bytes`, of which a long list may lack its middle, once `body` has had each element of the list that
    /// the member `name` is (``JSONParser/parse(_:eachElementOf:_:)``).
    static func json(
        in bytes: [UInt8], eachElementOf name: String, _ body: (Int, JSONValue) -> Void
    ) throws(Problem) -> JSONDocument {
        guard !bytes.isEmpty else { throw empty }
        do {
            return try JSONParser.lent { (parser) throws(JSONSyntaxError) in
                try parser.parse(bytes, eachElementOf: name, body)
            }
        } catch {
            throw Problem(error)
        }
    }

    private static var empty: Problem { Problem(.badRequest, "The body is empty; a JSON document was expected.") }
}
