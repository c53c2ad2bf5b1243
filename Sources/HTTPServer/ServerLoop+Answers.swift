import HTTP
import Networking

extension ServerLoop {
    /// The answer to one client too many, whichever limit was met.
    func busy(_ detail: String, _ request: ServerRequest?) -> HTTPResponse {
        var response = router.problem(.serviceUnavailable, detail, request)
        response.fields.set(.retryAfter, String(configuration.retryAfter))
        return response
    }

    /// The answer to content for which there is no memory.
    func noRoom(_ request: ServerRequest?) -> HTTPResponse {
        busy("The server holds as much content as it may just now.", request)
    }

    /// Appends that answer for a connection that has no state of its own.
    func writeBusy(into output: inout [UInt8]) {
        let response = busy("The server has no room for another connection.", nil)
        let identifier = RequestID(generator: &identifiers)
        _ = write(response, to: .get, version: .http11, keepAlive: false, identifier: identifier, into: &output)
    }

    /// Appends the answer with `Date` and `X-Request-ID`, but for the content of a stream.
    func write(
        _ response: HTTPResponse, to method: HTTPMethod, version: HTTPVersion, keepAlive: Bool, identifier: RequestID,
        into output: inout [UInt8]
    ) -> HTTPResponseWriter.Plan {
        date.refresh(now: loop.now)
        return identifier.withOctets { requestID in
            HTTPResponseWriter.write(
                response, to: method, version: version, keepAlive: keepAlive, common: date.common,
                requestID: requestID, into: &output)
        }
    }

    /// What the parser's reasons mean to a person.
    func refusal(_ failure: HTTPRequestParser.Failure) -> HTTPResponse {
        router.problem(failure.status, failure.detail, nil)
    }

    /// The answer to a content coding that the server does not know.
    func unknownCoding(_ request: ServerRequest) -> HTTPResponse {
        var response = router.problem(
            .unsupportedMediaType, "Of all content codings only gzip is understood.", request)
        response.fields.set(.acceptEncoding, "gzip")
        return response
    }

    /// The answer where no handler is asked, or nil where one is.
    func knownAnswer(_ outcome: Router.Outcome, _ request: ServerRequest) -> HTTPResponse? {
        switch outcome {
        case .match: return nil
        case .malformed: return router.problem(.badRequest, "The path is not validly percent-encoded.", request)
        case .notFound where request.head.method == .options && request.head.path == "*":
            return Self.options(router.allMethods)
        case .notFound where request.head.method == .connect || request.head.method == .trace:
            return notAllowed(router.allMethods, request)
        case .notFound: return router.problem(.notFound, "There is nothing at this path.", request)
        case .otherMethods(let methods) where request.head.method == .options: return Self.options(methods)
        case .otherMethods(let methods): return notAllowed(methods, request)
        }
    }

    private func notAllowed(_ methods: [HTTPMethod], _ request: ServerRequest) -> HTTPResponse {
        let method = request.head.method.rawValue
        var response = router.problem(.methodNotAllowed, "\(method) is not answered at this path.", request)
        response.fields.set(.allow, Self.list(methods))
        // Who asks for a tunnel may send what is meant for its other end without waiting: it must not be taken for
        // requests.
        if request.head.method == .connect { response.fields.set(.connection, "close") }
        return response
    }

    private static func options(_ methods: [HTTPMethod]) -> HTTPResponse {
        HTTPResponse(status: .noContent, fields: [.allow: list(methods)])
    }

    private static func list(_ methods: [HTTPMethod]) -> String {
        methods.map(\.rawValue).joined(separator: ", ")
    }
}
