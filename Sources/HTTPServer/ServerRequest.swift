public import HTTP

/// A request as a handler sees it: the head, what the route's template took out of the path, and the content.
public struct ServerRequest: Sendable {
    /// The head.
    public let head: HTTPRequest
    /// The content; empty for a route that streams it.
    public internal(set) var body: [UInt8]
    let identifier: RequestID
    let match: Router.Match?

    init(head: HTTPRequest, match: Router.Match?, identifier: RequestID, body: [UInt8] = []) {
        self.head = head
        self.body = body
        self.identifier = identifier
        self.match = match
    }

    /// The template of the route that matched, `/train/{job}`; empty where none did.
    public var route: String { match?.route.template ?? "" }

    /// A request that no connection brought, for testing a handler.
    public init(
        head: HTTPRequest = HTTPRequest(), route: String = "", parameters: [(name: String, value: String)] = [],
        body: [UInt8] = [], requestID: String = "test"
    ) {
        self.head = head
        self.body = body
        identifier = .given(requestID)
        match = Router.Match(
            route: Router.Route(
                method: head.method, template: route, parameterNames: parameters.map(\.name),
                handler: .whole(.inline) { _ in HTTPResponse(status: .notImplemented) }),
            parameters: parameters.map(\.value))
    }

    /// The caller's `X-Request-ID` if it is 1 to 128 visible ASCII octets, else a new one; the answer carries it too.
    public var requestID: String { identifier.text }

    /// What stood in the path where the template says `{name}`, percent-decoded once.
    public func parameter(_ name: String) -> String? {
        guard let match, let index = match.route.parameterNames.firstIndex(of: name) else { return nil }
        return match.parameters[index]
    }
}
