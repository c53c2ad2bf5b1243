import Dispatch
import Glibc
import HTTPServer
import Locking
import Logging
import Networking
import RecommendationService

/// The server from its first listener to its last answer.
///
/// Whoever connects while the service loads what it serves waits until it has. Where that takes longer than a moment, probes are
/// answered meanwhile, and all else is told to come back.
final class ServingProcess: Sendable {
    /// How long a start may keep everybody waiting: less than a probe waits for its answer.
    private static let moment = DispatchTimeInterval.milliseconds(700)
    /// How long probes may take that were asked before the end of the start.
    private static let lastProbes = Duration.seconds(1)

    private enum Phase {
        case ready
        /// The server is bound, or answers probes.
        case starting(HTTPServer, answersProbes: Bool)
        case serving(HTTPServer)
        case ended
    }

    private let configuration: ServiceConfiguration
    private let service: Service
    private let logger: Logger
    private let phase = Lock(Phase.ready)

    init(_ configuration: ServiceConfiguration, _ service: Service, _ logger: Logger) {
        self.configuration = configuration
        self.service = service
        self.logger = logger
    }

    /// Binds, and loads on a thread of its own, which tells `failed` what went wrong.
    ///
    /// - Throws: ``Fatal`` where it cannot listen.
    func start(failed: @escaping @Sendable (any Error) -> Void) throws {
        var http = configuration.server.httpConfiguration
        http.contentBudget = service.contentBudget
        // Probes are few.
        var small = http
        (small.loopCount, small.offloadThreads, small.bulkThreads) = (1, 1, 1)
        let server = makeServer(small, service.startingRouter())
        http.port = try listening { () throws(HTTPServer.StartError) in try server.bind() }
        phase.withLock { $0 = .starting(server, answersProbes: false) }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.moment) { [weak self, port = http.port] in
            do {
                try self?.answerProbes(on: port)
            } catch {
                failed(error)
            }
        }
        do {
            try SystemThread.start { [self, http] in
                do {
                    try load(http)
                } catch {
                    failed(error)
                }
            }
        } catch {
            throw Fatal(description: "\(error)")
        }
    }

    private func answerProbes(on port: UInt16) throws {
        let isLoading = try phase.withLock { phase in
            guard case .starting(let server, false) = phase else { return false }
            _ = try listening { () throws(HTTPServer.StartError) in try server.start() }
            phase = .starting(server, answersProbes: true)
            return true
        }
        guard isLoading else { return }
        logger.notice("Nectar \(Build.version) loads what it serves, and answers probes on \(address(port))")
    }

    private func load(_ http: ServerConfiguration) throws {
        do {
            try Fatal.unless { try service.load() }
        } catch {
            // The process ends by it, and nobody works any more then.
            if let former = changePhase(to: .ended) { end(former, within: .zero) }
            throw error
        }
        let server = makeServer(http, service.router())
        let former = try phase.withLock { phase -> (server: HTTPServer, answersProbes: Bool)? in
            guard case .starting(let former, let answersProbes) = phase else { return nil }
            _ = try listening { () throws(HTTPServer.StartError) in try server.start(inPlaceOf: former) }
            service.beginServing()
            phase = .serving(server)
            return (former, answersProbes)
        }
        // Otherwise the process is ending.
        guard let former else { return }
        logger.notice("Nectar \(Build.version) listens on \(address(http.port))")
        if former.answersProbes { end(former.server, within: Self.lastProbes) }
    }

    private func end(_ server: HTTPServer, within time: Duration) {
        server.drain(within: time)
        server.wait()
    }

    /// The server that answered probes only until then, if one did.
    private func changePhase(to next: Phase) -> HTTPServer? {
        phase.withLock { phase in
            defer { phase = next }
            guard case .starting(let server, true) = phase else { return nil }
            return server
        }
    }

    /// Has new connections get the certificates as they are now.
    func reloadCertificates() {
        let server: HTTPServer? =
            switch phase.withLock({ $0 }) {
            case .starting(let server, _), .serving(let server): server
            case .ready, .ended: nil
            }
        do {
            try server?.reloadCertificates()
            logger.notice("SIGHUP: new connections get the certificates as they are now.")
        } catch {
            logger.error("SIGHUP: the certificates stay as they were: \(error)")
        }
    }

    /// Finishes what is in flight, and closes the store; before it serves it ends the process at once.
    ///
    /// - Throws: ``Fatal`` where what was taken in cannot be kept.
    func end(on signal: String) throws {
        let last = phase.withLock { phase in
            defer { phase = .ended }
            return phase
        }
        guard case .serving(let server) = last else {
            // Nothing was promised to anybody yet, and what is being done is done again by the next start.
            Log.briefly { [logger] in logger.notice("Stopping on \(signal), before it served.") }
            _exit(EXIT_SUCCESS)
        }
        service.beginDraining()
        server.drain(within: .seconds(configuration.server.drainSeconds))
        Log.briefly { [logger] in logger.notice("Stopping on \(signal): finishing what is in flight.") }
        server.wait()
        try Fatal.unless { try service.shutDown() }
    }

    private func makeServer(_ http: ServerConfiguration, _ router: Router) -> HTTPServer {
        HTTPServer(configuration: http, router: router, observer: service.observer, accessLog: service.accessLog)
    }

    private func listening<Result>(_ work: () throws(HTTPServer.StartError) -> Result) throws -> Result {
        do {
            return try work()
        } catch {
            throw Fatal(description: "\(configuration.server.host):\(configuration.server.port): \(error)")
        }
    }

    private func address(_ port: UInt16) -> String {
        let scheme = configuration.server.tlsCertificate.isEmpty ? "http" : "https"
        return "\(scheme)://\(configuration.server.host):\(port)"
    }
}
