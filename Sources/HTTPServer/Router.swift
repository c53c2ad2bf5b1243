public import HTTP

/// Where a handler runs.
public enum HandlerMode: Sendable {
    /// On the connection's loop, which does nothing else meanwhile: for what takes less than a millisecond.
    case inline
    /// On a bounded pool, for what takes milliseconds; when that is full, the request is answered 503.
    case offloaded
    /// On a bounded pool of its own, for what goes through much of the data, so that nobody else waits for it. Consumers of bodies
    /// and streamed content are worked there too.
    case bulk
    /// On a thread of its own, for what must be answered soon however busy the rest is.
    case probe
}

/// Finds the handler for a method and a path, without allocating where the path has no parameters.
///
/// Templates are trees of segments; a literal segment goes before a `{parameter}`, and a template that lacks the method
/// yields to a less specific one that has it. Segments are percent-decoded once, after splitting.
public struct Router: Sendable {
    /// What a route does with a request.
    enum Handler: Sendable {
        case constant(HTTPResponse)
        case whole(HandlerMode, @Sendable (ServerRequest) -> HTTPResponse)
        case deferred(@Sendable (ServerRequest, @escaping @Sendable (HTTPResponse) -> Void) -> Void)
        case streaming(@Sendable (ServerRequest) -> RequestBodyDecision)
    }

    /// Answers a request by its head alone; nil where the content matters.
    public typealias HeadRefusal = @Sendable (ServerRequest) -> HTTPResponse?

    /// One method of one template.
    final class Route: Sendable {
        let method: HTTPMethod
        let template: String
        let parameterNames: [String]
        let handler: Handler
        let refusal: HeadRefusal?
        /// Whether the handler is quick, wants the whole request, and is all that decides: then it is asked by ``answer(_:)``.
        let answersAtOnce: Bool
        // Apart from the handler and not optional: from either they would be copied first, and their references counted.
        private let immediate: @Sendable (ServerRequest) -> HTTPResponse
        /// The answer where it ``isConstant``, to be used without asking anybody.
        let constant: HTTPResponse
        let isConstant: Bool

        init(
            method: HTTPMethod, template: String, parameterNames: [String], handler: Handler,
            refusal: HeadRefusal? = nil
        ) {
            self.method = method
            self.template = template
            self.parameterNames = parameterNames
            self.handler = handler
            self.refusal = refusal
            let none = HTTPResponse(status: .noContent)
            switch handler {
            case .constant(let response):
                (answersAtOnce, isConstant, constant) = (refusal == nil, true, response)
                immediate = { _ in response }
            case .whole(.inline, let handler) where refusal == nil:
                (answersAtOnce, isConstant, constant) = (true, false, none)
                immediate = handler
            default:
                (answersAtOnce, isConstant, constant) = (false, false, none)
                immediate = { _ in preconditionFailure("a handler that is not asked on the loop") }
            }
        }

        /// What the handler says, on the loop; only where it ``answersAtOnce``.
        func answer(_ request: ServerRequest) -> HTTPResponse { immediate(request) }

        /// Whether a consumer takes the content as it comes.
        var streams: Bool {
            if case .streaming = handler { true } else { false }
        }
    }

    /// A route and what its parameters hold, in the order of their names.
    struct Match: Sendable {
        let route: Route
        let parameters: [String]
    }

    /// What a path means.
    enum Outcome {
        case match(Match)
        /// The path exists, the method does not; these do.
        case otherMethods([HTTPMethod])
        case notFound
        /// A percent-encoding that is none, that hides NUL, or that is no UTF-8.
        case malformed
    }

    struct Node: Sendable {
        var literals: [(segment: [UInt8], node: Int)] = []
        var parameter: Int?
        var routes: [Route] = []
    }

    /// Makes the answer for everything that goes wrong before a handler, or instead of it. The request is nil where
    /// none could be understood.
    public var problem: @Sendable (HTTPStatus, String, ServerRequest?) -> HTTPResponse
    /// Asked on the loop when the head of a request has come: what it says goes with the request (``ServerRequest/stamp``), so that a
    /// handler knows how things stood before the content came, however long that took. Be quick.
    public var stamp: @Sendable () -> Int64 = { 0 }
    /// Answers paths that no template matches, on the loop and with the content; nil leaves it to ``problem`` with 404.
    public var fallback: (@Sendable (ServerRequest) -> HTTPResponse)?
    var nodes = [Node()]

    /// A router without routes, whose problems are a line of plain text.
    public init() {
        problem = { status, detail, _ in
            HTTPResponse(
                status: status, fields: [.contentType: "text/plain; charset=utf-8"],
                body: .bytes(Array("\(detail)\n".utf8)))
        }
    }

    /// Has `handler` answer requests of this method whose path matches `template`, such as `/train/{job}`.
    ///
    /// A second handler for the same method and path is a mistake of the program, which it stops.
    ///
    /// `refusing` is asked first where there is content, before any of it is read or, with `Expect: 100-continue`, asked
    /// for (RFC 9110, section 10.1.1). What it answers is the answer. It runs on the loop: be quick.
    public mutating func add(
        _ method: HTTPMethod, _ template: String, _ mode: HandlerMode = .inline,
        refusing refusal: HeadRefusal? = nil,
        handler: @escaping @Sendable (ServerRequest) -> HTTPResponse
    ) {
        insert(method, template, .whole(mode, handler), refusal)
    }

    /// Has `response` answer requests of this method whose path matches `template`: the same at all times, for everybody.
    public mutating func add(_ method: HTTPMethod, _ template: String, answering response: HTTPResponse) {
        insert(method, template, .constant(response))
    }

    /// Has the consumer that `handler` makes take the content as it comes, unless it refuses the request by its head.
    /// `handler` runs on the loop: be quick.
    public mutating func addStreaming(
        _ method: HTTPMethod, _ template: String,
        handler: @escaping @Sendable (ServerRequest) -> RequestBodyDecision
    ) {
        insert(method, template, .streaming(handler))
    }

    /// Adds a handler that answers later: it is called on the loop with the whole request, and may call `respond` once, on
    /// any thread, when the answer is there. Nothing is held meanwhile but the connection. A second answer is ignored;
    /// letting go of `respond` without a call answers 500. `refusing` as in ``add(_:_:_:refusing:handler:)``.
    public mutating func addDeferred(
        _ method: HTTPMethod, _ template: String, refusing refusal: HeadRefusal? = nil,
        handler:
            @escaping @Sendable (
                _ request: ServerRequest, _ respond: @escaping @Sendable (HTTPResponse) -> Void
            ) -> Void
    ) {
        insert(method, template, .deferred(handler), refusal)
    }

    /// The routes without parameters by themselves.
    func makeLiteralRoutes() -> LiteralRoutes { LiteralRoutes(among: nodes.flatMap(\.routes)) }

    /// The fallback as a route, which has no template.
    func makeFallbackRoute() -> Route? {
        fallback.map { Route(method: .get, template: "", parameterNames: [], handler: .whole(.inline, $0)) }
    }

    /// The methods that some template answers, for `OPTIONS *`.
    var allMethods: [HTTPMethod] { Self.allowed(nodes.flatMap(\.routes)) }

    private mutating func insert(
        _ method: HTTPMethod, _ template: String, _ handler: Handler, _ refusal: HeadRefusal? = nil
    ) {
        precondition(template.hasPrefix("/"), "a template begins with a slash: \(template)")
        var node = 0
        var names: [String] = []
        for segment in template.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                names.append(String(segment.dropFirst().dropLast()))
                node = parameterChild(of: node)
            } else {
                node = literalChild(of: node, Array(segment.utf8))
            }
        }
        precondition(Set(names).count == names.count, "a template names each parameter once: \(template)")
        precondition(!nodes[node].routes.contains { $0.method == method }, "a second \(method.rawValue) \(template)")
        nodes[node].routes.append(
            Route(method: method, template: template, parameterNames: names, handler: handler, refusal: refusal))
    }

    private mutating func literalChild(of node: Int, _ segment: [UInt8]) -> Int {
        if let child = nodes[node].literals.first(where: { $0.segment == segment }) { return child.node }
        nodes.append(Node())
        nodes[node].literals.append((segment, nodes.count - 1))
        return nodes.count - 1
    }

    private mutating func parameterChild(of node: Int) -> Int {
        if let child = nodes[node].parameter { return child }
        nodes.append(Node())
        nodes[node].parameter = nodes.count - 1
        return nodes.count - 1
    }

    /// What `Allow` says of a path with these routes: HEAD comes with GET, OPTIONS is always there.
    static func allowed(_ routes: [Route]) -> [HTTPMethod] {
        var found = Set(routes.map(\.method))
        if found.contains(.get) { found.insert(.head) }
        found.insert(.options)
        return HTTPMethod.allCases.filter { found.contains($0) }
    }
}
