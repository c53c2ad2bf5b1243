import HTTP
import Networking

// Unchecked: everything variable belongs to the loop's thread; others only use `loop.execute`.
/// One loop's share of the server: its connections, and what they have in common.
final class ServerLoop: @unchecked Sendable {
    /// The timeouts in nanoseconds, converted once.
    struct Intervals {
        var handshake, idle, fieldSection, body, write, linger, drainGrace: Int64

        init(_ configuration: ServerConfiguration) {
            func nanoseconds(_ duration: Duration) -> Int64 {
                MonotonicInstant(nanoseconds: 0).advanced(by: duration).nanoseconds
            }
            handshake = nanoseconds(configuration.handshakeTimeout)
            idle = nanoseconds(configuration.idleTimeout)
            fieldSection = nanoseconds(configuration.fieldSectionTimeout)
            body = nanoseconds(configuration.bodyTimeout)
            write = nanoseconds(configuration.writeTimeout)
            linger = nanoseconds(configuration.lingerTimeout)
            drainGrace = nanoseconds(configuration.drainGrace)
        }
    }

    let loop: EventLoop
    let configuration: ServerConfiguration
    let intervals: Intervals
    let router: Router
    private let literalRoutes: LiteralRoutes
    private let fallbackRoute: Router.Route?
    let observer: any ServerObserver
    let accessLog: (any AccessLog)?
    /// Whether there is an access log: asking for the log itself counts a reference.
    let isLogged: Bool
    /// Whether anybody listens; the clock is not asked for somebody who does not.
    let isObserved: Bool
    let pools: OffloadPools
    let connectionCount: ConnectionCount
    let compression: ResponseCompression
    // Exempt from the run-time check for overlapping access, as a connection's are, and for the same reason.
    @safe @exclusivity(unchecked) var date = DateField()
    @safe @exclusivity(unchecked) var identifiers: RequestIDGenerator
    @safe @exclusivity(unchecked) var buffers: BufferPool
    /// Where new connections get their TLS sessions from; nil where they are plain.
    private let certificates: Certificates?
    private var connections: [HTTPConnection] = []
    private var acceptor: Acceptor?
    private var isDraining = false
    /// Connections that have more content to expand, the one that has waited longest first.
    private var expanding: [HTTPConnection] = []
    /// How many of them have their turn before everybody else has.
    private static let expansionsPerTurn = 8

    init(
        loop: EventLoop, configuration: ServerConfiguration, router: Router, observer: any ServerObserver,
        accessLog: (any AccessLog)?, pools: OffloadPools, connectionCount: ConnectionCount, certificates: Certificates?,
        identifierSeed: UInt64
    ) {
        self.loop = loop
        self.configuration = configuration
        self.router = router
        literalRoutes = router.makeLiteralRoutes()
        fallbackRoute = router.makeFallbackRoute()
        self.observer = observer
        self.accessLog = accessLog
        isLogged = accessLog != nil
        isObserved = !(observer is NoObserver) || accessLog != nil
        self.pools = pools
        self.connectionCount = connectionCount
        self.certificates = certificates
        compression = ResponseCompression(threshold: configuration.compressionThreshold)
        intervals = Intervals(configuration)
        identifiers = RequestIDGenerator(seed: identifierSeed)
        buffers = BufferPool(inputSize: configuration.readSize)
    }

    /// Begins to accept from `listener`; before the loop runs, or on its thread.
    func listen(_ listener: consuming ListeningSocket) throws(SystemError) {
        acceptor = try Acceptor(listener, server: self)
    }

    /// Takes no connection any more, and gives the listener away; on the loop's thread.
    func releaseListener() -> Int32? { acceptor?.release() }

    /// Whether connections begin with a TLS handshake.
    var isEncrypted: Bool { certificates != nil }

    // `head` stays as it is in these four. It comes as it does because a property of a class that is lent in any other
    // way is copied first, and its references counted.

    /// The route whose template is this very path, if there is one; it lives as long as the server.
    func literalRoute(of head: inout HTTPRequest) -> RouteReference? {
        let method = head.method
        return head.withPath { literalRoutes.find(method, $0) }
    }

    /// What the path means that is no literal route's.
    func match(_ head: inout HTTPRequest) -> Router.Outcome {
        let method = head.method
        let outcome = head.withPath { router.match(method, $0) }
        guard case .notFound = outcome, let fallbackRoute, method != .connect, method != .trace, head.path != "*"
        else { return outcome }
        return .match(Router.Match(route: fallbackRoute, parameters: []))
    }

    /// What the request is called.
    func identify(_ head: inout HTTPRequest) -> RequestID {
        RequestID(of: head.fields, generator: &identifiers)
    }

    /// Whether the content may be coded.
    func hasContentCoding(_ head: inout HTTPRequest) -> Bool {
        head.fields.contains(.contentEncoding)
    }

    /// Takes a new connection in, or turns it away when there are too many.
    func admit(_ accepted: consuming ListeningSocket.Connection) {
        let client = accepted.client
        let verdict = connectionCount.add(client)
        guard verdict != .dropped, let transport = makeTransport(accepted) else {
            if verdict != .dropped { connectionCount.remove(client) }
            observer.connectionRefused()
            return
        }
        let isRefused = verdict == .refused
        let connection = HTTPConnection(
            transport, client, server: self, index: connections.count, isRefused: isRefused)
        connections.append(connection)
        if isRefused { observer.connectionRefused() } else { observer.connectionAccepted() }
        connection.begin()
        if isDraining { connection.drain() }
    }

    /// Tells the observer of a request that was answered where it was read, in the present turn.
    func answeredAtOnce(_ method: HTTPMethod, _ route: Router.Route, status: Int, bytesIn: Int, bytesOut: Int) {
        observer.requestFinished(
            method: method, route: route.template, status: status,
            duration: loop.readClock().duration(since: loop.now), bytesIn: bytesIn, bytesOut: bytesOut)
    }

    /// Has the connection go on expanding its content when others have had their turn.
    func expandLater(_ connection: HTTPConnection) {
        expanding.append(connection)
        if expanding.count == 1 { scheduleExpansion() }
    }

    private func scheduleExpansion() {
        loop.execute { [self] in
            let next = Array(expanding.prefix(Self.expansionsPerTurn))
            expanding.removeFirst(next.count)
            let isIdle = expanding.isEmpty
            for connection in next { connection.goOnExpanding() }
            // Whoever was the first to wait again has scheduled the next turn.
            if !isIdle { scheduleExpansion() }
        }
    }

    /// Forgets a closed connection.
    func remove(_ connection: HTTPConnection) {
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.index] = last
            last.index = connection.index
        }
        connectionCount.remove(connection.client)
        if !connection.isRefused { observer.connectionClosed() }
        stopIfDrained()
    }

    /// Stops accepting, lets what is in flight end, and then stops the loop.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        acceptor?.drain()
        acceptor = nil
        // Draining may close connections, which changes the list.
        for connection in Array(connections) { connection.drain() }
        stopIfDrained()
    }

    /// Closes whatever is left and stops the loop.
    func giveUp() {
        drain()
        for connection in Array(connections) { connection.abort() }
        stopIfDrained()
    }

    /// Nil when there is no memory for a TLS session; the connection is closed then.
    private func makeTransport(_ accepted: consuming ListeningSocket.Connection) -> Transport? {
        guard let certificates else { return Transport(accepted.takeDescriptor()) }
        return certificates.transport(accepted.takeDescriptor(), now: loop.now, observer)
    }

    private func stopIfDrained() {
        if isDraining, connections.isEmpty { loop.stop() }
    }
}
