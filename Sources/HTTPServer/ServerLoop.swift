import HTTP
import Networking
import Synchronization

/// How many connections the whole server has, over all its loops.
final class ConnectionCount: Sendable {
    private let open = Atomic<Int>(0)

    /// Counts one more and says how many there are with it.
    func add() -> Int { open.add(1, ordering: .relaxed).newValue }

    /// Counts one less.
    func remove() { open.subtract(1, ordering: .relaxed) }
}

// Unchecked: everything variable belongs to the loop's thread; others only use `loop.execute`.
/// One loop's share of the server: its connections, and what they have in common.
final class ServerLoop: @unchecked Sendable {
    /// The timeouts in nanoseconds, converted once.
    struct Intervals {
        var idle, fieldSection, body, write, linger, drainGrace: Int64

        init(_ configuration: ServerConfiguration) {
            func nanoseconds(_ duration: Duration) -> Int64 {
                MonotonicInstant(nanoseconds: 0).advanced(by: duration).nanoseconds
            }
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
    let observer: any ServerObserver
    let pool: OffloadPool
    let connectionCount: ConnectionCount
    var date = DateField()
    var identifiers: RequestIDGenerator
    var buffers: BufferPool
    private var connections: [HTTPConnection] = []
    private var acceptor: Acceptor?
    private var isDraining = false

    init(
        loop: EventLoop, configuration: ServerConfiguration, router: Router, observer: any ServerObserver,
        pool: OffloadPool, connectionCount: ConnectionCount, identifierSeed: UInt64
    ) {
        self.loop = loop
        self.configuration = configuration
        self.router = router
        self.observer = observer
        self.pool = pool
        self.connectionCount = connectionCount
        intervals = Intervals(configuration)
        identifiers = RequestIDGenerator(seed: identifierSeed)
        buffers = BufferPool(inputSize: configuration.readSize)
    }

    /// Begins to accept from `listener`; before the loop runs, or on its thread.
    func listen(_ listener: consuming ListeningSocket) throws(SystemError) {
        acceptor = try Acceptor(listener, server: self)
    }

    /// Takes a new connection in, or turns it away when there are too many.
    func admit(_ transport: any Transport) {
        let count = connectionCount.add()
        guard count <= configuration.maximumConnections + configuration.maximumRefusals else {
            connectionCount.remove()
            observer.connectionRefused()
            transport.close()
            return
        }
        let isRefused = count > configuration.maximumConnections
        let connection = HTTPConnection(transport, server: self, index: connections.count, isRefused: isRefused)
        connections.append(connection)
        if isRefused { observer.connectionRefused() } else { observer.connectionAccepted() }
        connection.begin()
        if isDraining { connection.drain() }
    }

    /// Forgets a closed connection.
    func remove(_ connection: HTTPConnection) {
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.index] = last
            last.index = connection.index
        }
        connectionCount.remove()
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

    private func stopIfDrained() {
        if isDraining, connections.isEmpty { loop.stop() }
    }
}
