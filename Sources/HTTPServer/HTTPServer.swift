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

    /// Binds, starts the threads and returns the bound port. To be called once.
    ///
    /// SIGPIPE is ignored in the whole process from then on: a library may write to a socket without `MSG_NOSIGNAL`.
    public func start() throws(StartError) -> UInt16 {
        _ = signal(SIGPIPE, SIG_IGN)
        var certificates: Certificates?
        if let tls = configuration.tls {
            do throws(TLSError) {
                certificates = try Certificates(tls, now: clock.now)
            } catch {
                throw .tls(error)
            }
        }
        do throws(SystemError) {
            return try start(with: certificates)
        } catch {
            throw .system(error)
        }
    }

    /// Loads the certificates again, for the connections that begin from now on; those there are go on as they were.
    /// If one is of no use, the present ones stay. Without TLS nothing happens.
    public func reloadCertificates() throws(TLSError) {
        try state.withLock { $0.certificates }?.reload()
    }

    private func start(with certificates: Certificates?) throws(SystemError) -> UInt16 {
        guard let address = SocketAddress(host: configuration.host, port: configuration.port) else {
            throw SystemError(code: EINVAL, operation: "listen on \(configuration.host), which is no numeric address")
        }
        let (loops, port) = try makeLoops(at: address, certificates)
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
        at address: SocketAddress, _ certificates: Certificates?
    ) throws(SystemError) -> ([ServerLoop], UInt16) {
        var address = address
        var loops: [ServerLoop] = []
        let connectionCount = ConnectionCount(configuration)
        var generator = SystemRandomNumberGenerator()
        try ListeningSocket.refuseIfTaken(address)
        for _ in 0..<configuration.loopCount {
            let listener = try ListeningSocket(address: address, backlog: Int32(clamping: configuration.backlog))
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
