import Dispatch
import Glibc
import Locking
public import Networking

/// An HTTP/1.1 origin server: loops with their listening sockets, a pool for what is not quick, and a graceful end.
public final class HTTPServer: Sendable {
    private enum Phase {
        case ready, running, draining
    }

    /// Why a server did not start.
    public enum StartError: Error, Equatable, Sendable, CustomStringConvertible {
        /// A system call failed.
        case system(SystemError)
        /// The certificates are of no use, or this build has no TLS.
        case tls(TLSError)

        /// A sentence for a log.
        public var description: String {
            switch self {
            case .system(let error): error.description
            case .tls(let error): error.description
            }
        }
    }

    private struct State {
        var phase = Phase.ready
        var loops: [ServerLoop] = []
        /// Listeners that nobody accepts from yet.
        var bound: [Int32] = []
        var certificates: Certificates?
    }

    private let configuration: ServerConfiguration
    private let router: Router
    private let observer: any ServerObserver
    private let accessLog: (any AccessLog)?
    private let clock: any MonotonicClock
    private let pools: OffloadPools
    private let state = Lock(State())
    private let runningLoops = DispatchGroup()

    /// A server that does nothing until ``start()``.
    public convenience init(
        configuration: ServerConfiguration, router: Router, observer: any ServerObserver = NoObserver(),
        accessLog: (any AccessLog)? = nil
    ) {
        self.init(
            configuration: configuration, router: router, observer: observer, accessLog: accessLog,
            clock: SystemMonotonicClock())
    }

    /// A server whose deadlines go by this clock.
    init(
        configuration: ServerConfiguration, router: Router, observer: any ServerObserver,
        accessLog: (any AccessLog)? = nil, clock: any MonotonicClock
    ) {
        precondition(configuration.loopCount > 0 && configuration.offloadThreads > 0 && configuration.readSize > 0)
        precondition(configuration.bulkThreads > 0)
        self.configuration = configuration
        self.router = router
        self.observer = observer
        self.accessLog = accessLog
        self.clock = clock
        pools = OffloadPools(configuration)
    }

    deinit {
        for listener in state.withLock({ $0.bound }) { close(listener) }
    }

    /// Binds and returns the port, and leaves whoever connects waiting until a server is started, this one or one in its place.
    ///
    /// Certificates that are of no use are told now.
    public func bind() throws(StartError) -> UInt16 {
        let certificates = try makeCertificates()
        state.withLock { $0.certificates = certificates }
        do throws(SystemError) {
            let address = try address()
            try ListeningSocket.refuseIfTaken(address)
            let listener = try makeListener(at: address)
            let port = listener.port
            let number = listener.release()
            state.withLock { $0.bound.append(number) }
            return port
        } catch {
            throw .system(error)
        }
    }

    /// Binds if it is not bound, starts the threads and returns the bound port. To be called once.
    ///
    /// SIGPIPE is ignored in the whole process from then on: a library may write to a socket without `MSG_NOSIGNAL`.
    ///
    /// - Parameter former: A server whose listeners are taken over, with the port, the certificates and who waits to be accepted: nobody
    ///   who connects is turned away. It has no more loops than this one. It keeps the connections it has, and is to be drained. Not
    ///   to be called by one of its handlers.
    /// - Throws: ``StartError``; the listeners are then closed.
    public func start(inPlaceOf former: HTTPServer? = nil) throws(StartError) -> UInt16 {
        _ = signal(SIGPIPE, SIG_IGN)
        var certificates = (former ?? self).state.withLock { $0.certificates }
        if certificates == nil { certificates = try makeCertificates() }
        do throws(SystemError) {
            return try start(with: certificates, taking: (former ?? self).releaseListeners())
        } catch {
            throw .system(error)
        }
    }

    /// Loads the certificates again, for the connections that begin from now on; those there are go on as they were.
    /// If one is of no use, the present ones stay. Without TLS nothing happens.
    public func reloadCertificates() throws(TLSError) {
        try state.withLock { $0.certificates }?.reload()
    }

    private func makeCertificates() throws(StartError) -> Certificates? {
        guard let tls = configuration.tls else { return nil }
        do throws(TLSError) {
            return try Certificates(tls, now: clock.now)
        } catch {
            throw .tls(error)
        }
    }

    private func address() throws(SystemError) -> SocketAddress {
        guard let address = SocketAddress(host: configuration.host, port: configuration.port) else {
            throw SystemError(code: EINVAL, operation: "listen on \(configuration.host), which is no numeric address")
        }
        return address
    }

    private func start(with certificates: Certificates?, taking listeners: [Int32]) throws(SystemError) -> UInt16 {
        let (loops, port) = try makeLoops(at: try address(), certificates, taking: listeners)
        try pools.start()
        for loop in loops { try run(loop) }
        state.withLock { state in
            precondition(state.phase == .ready, "a server is started once")
            state.phase = .running
            state.loops = loops
            state.certificates = certificates
        }
        return port
    }

    /// All listeners, which it accepts from no more.
    private func releaseListeners() -> [Int32] {
        let (running, bound) = state.withLock { state in
            defer { state.bound = [] }
            return (state.loops, state.bound)
        }
        let released = Lock(bound)
        let loops = DispatchGroup()
        for loop in running {
            loops.enter()
            let isTaken = loop.loop.execute {
                if let listener = loop.releaseListener() { released.withLock { $0.append(listener) } }
                loops.leave()
            }
            // It has ended.
            if !isTaken { loops.leave() }
        }
        loops.wait()
        return released.withLock { $0 }
    }

    /// Ends gracefully, in the background: no new connections, what is in flight is finished, resting connections are
    /// closed, streams are told to end. What is not done by then is cut off.
    public func drain(within timeout: Duration) {
        let loops = state.withLock { state -> [ServerLoop] in
            state.phase = .draining
            return state.loops
        }
        for loop in loops { loop.loop.execute { loop.drain() } }
        let (seconds, attoseconds) = timeout.components
        let nanoseconds = Int(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !nanoseconds.overflow else { return }
        let deadline = DispatchTime.now() + .nanoseconds(nanoseconds.partialValue + Int(attoseconds / 1_000_000_000))
        DispatchQueue.global().asyncAfter(deadline: deadline) {
            for loop in loops { loop.loop.execute { loop.giveUp() } }
        }
    }

    /// Ends gracefully within the configured time.
    public func drain() { drain(within: configuration.drainTimeout) }

    /// Ends at once: whatever is in flight is cut off.
    public func stop() { drain(within: .zero) }

    /// Returns when all loops have ended and the pools have finished what they were doing, which they are given a second for.
    public func wait() {
        runningLoops.wait()
        pools.close(by: .now() + .seconds(1))
        state.withLock { $0.loops = [] }
    }

    /// Has the loops look at the clock, which a test has moved.
    func wakeUp() {
        for loop in state.withLock({ $0.loops }) { loop.loop.wakeUp() }
    }

    private func makeLoops(
        at address: SocketAddress, _ certificates: Certificates?, taking listeners: [Int32]
    ) throws(SystemError) -> ([ServerLoop], UInt16) {
        var address = address
        var listeners = listeners[...]
        // More of them could only be closed, with who waits in them.
        precondition(listeners.count <= configuration.loopCount, "a server takes over from one with no more loops")
        // Where there is no loop for them any more.
        defer { for listener in listeners { close(listener) } }
        var loops: [ServerLoop] = []
        let connectionCount = ConnectionCount(configuration)
        var generator = SystemRandomNumberGenerator()
        if listeners.isEmpty { try ListeningSocket.refuseIfTaken(address) }
        for _ in 0..<configuration.loopCount {
            let listener =
                if let other = listeners.popFirst() { try ListeningSocket(owning: other) } else {
                    try makeListener(at: address)
                }
            // The first one has the port chosen; the others share it.
            address.port = listener.port
            let loop = ServerLoop(
                loop: try EventLoop(clock: clock), configuration: configuration, router: router, observer: observer,
                accessLog: accessLog, pools: pools, connectionCount: connectionCount, certificates: certificates,
                identifierSeed: generator.next())
            try loop.listen(listener)
            loops.append(loop)
        }
        return (loops, address.port)
    }

    private func makeListener(at address: SocketAddress) throws(SystemError) -> ListeningSocket {
        try ListeningSocket(address: address, backlog: Int32(clamping: configuration.backlog))
    }

    private func run(_ loop: ServerLoop) throws(SystemError) {
        let group = runningLoops
        group.enter()
        do throws(SystemError) {
            try SystemThread.start {
                do throws(SystemError) {
                    try loop.loop.run()
                } catch {
                    // Only a broken descriptor of its own can end a loop: there is no going on without it.
                    fatalError("event loop: \(error)")
                }
                group.leave()
            }
        } catch {
            group.leave()
            throw error
        }
    }
}
