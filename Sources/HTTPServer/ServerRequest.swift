public import HTTP

/// A request as a handler sees it: the head, what the route's template took out of the path, and the content.
public struct ServerRequest: Sendable {
    /// The head.
    public let head: HTTPRequest
    /// The template of the route that matched, `/train/{job}`; empty where none did.
    public let route: String
    /// The content; empty for a route that streams it.
    public let body: [UInt8]
    let identifier: RequestID
    private let parameterNames: [String]
    private let parameterValues: [String]

    init(head: HTTPRequest, match: Router.Match?, identifier: RequestID, body: [UInt8]) {
        self.head = head
        self.body = body
        self.identifier = identifier
        route = match?.route.template ?? ""
        parameterNames = match?.route.parameterNames ?? []
        parameterValues = match?.parameters ?? []
    }

    /// A request that no connection brought, for testing a handler.
    public init(
        head: HTTPRequest = HTTPRequest(), route: String = "", parameters: [(name: String, value: String)] = [],
        body: [UInt8] = [], requestID: String = "test"
    ) {
        self.head = head
        self.body = body
        self.route = route
        identifier = .given(requestID)
        parameterNames = parameters.map(\.name)
        parameterValues = parameters.map(\.value)
    }

    /// The caller's `X-Request-ID` if it is 1 to 128 visible ASCII octets, else a new one; the answer carries it too.
    public var requestID: String { identifier.text }

    /// What stood in the path where the template says `{name}`, percent-decoded once.
    public func parameter(_ name: String) -> String? {
        parameterNames.firstIndex(of: name).map { parameterValues[$0] }
    }
}
