import Dispatch
import Glibc
import HTTPServer
import Locking
import Logging
import Networking
import RecommendationService

/// The server from its first listener to its last answer.
///
/// Whoever connects while the store is opened and what is served is loaded waits until that is done. Where loading takes longer than a
/// moment, probes are answered meanwhile, and all else is told to come back.
final class ServingProcess: Sendable {
    /// How long a start may keep everybody waiting: less than a probe waits for its answer.
    private static let moment = DispatchTimeInterval.milliseconds(700)
    /// How long probes may take that were asked before the end of the start.
    private static let lastProbes = Duration.seconds(1)

    private enum Phase {
        case ready
        /// The server is bound, or answers probes.
        case starting(HTTPServer, answersProbes: Bool)
        case serving(HTTPServer, Service)
        /// The process ends: by a signal, or by what went wrong.
        case ended, failed
    }

    private let configuration: ServiceConfiguration
    private let logger: Logger
    private let phase = Lock(Phase.ready)

    init(_ configuration: ServiceConfiguration, _ logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Binds, and does all else on a thread of its own, which tells `failed` what went wrong.
    ///
    /// - Throws: ``Fatal`` where it cannot listen.
    func start(failed: @escaping @Sendable (any Error) -> Void) throws {
        let http = configuration.server.httpConfiguration
        let bound = HTTPServer(configuration: http, router: Router())
        let port = try listening { () throws(HTTPServer.StartError) in try bound.bind() }
        phase.withLock { $0 = .starting(bound, answersProbes: false) }
        do {
            try SystemThread.start { [self] in
                do {
                    try start(on: port)
                } catch {
                    // The process ends by it, and nobody works any more then.
                    if let former = fail() { end(former, within: .zero) }
                    failed(error)
                }
            }
        } catch {
            throw Fatal(description: "\(error)")
        }
    }

    private func start(on port: UInt16) throws {
        let data = try DataDirectory(configuration, for: .serving)
        let service = Service(configuration: configuration, store: data.store, models: data.models, logger: logger)
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.moment) { [weak self] in
            self?.answerProbes(of: service, on: port)
        }
        try Fatal.unless { try service.load() }
        var http = configuration.server.httpConfiguration
        http.port = port
        let server = makeServer(http, service, service.router())
        let former = try phase.withLock { phase -> (server: HTTPServer, answersProbes: Bool)? in
            guard case .starting(let former, let answersProbes) = phase else { return nil }
            _ = try listening { () throws(HTTPServer.StartError) in try server.start(inPlaceOf: former) }
            service.beginServing()
            phase = .serving(server, service)
            return (former, answersProbes)
        }
        // Otherwise the process is ending.
        guard let former else { return }
        logger.notice("Nectar \(Build.version) listens on \(address(port))")
        if former.answersProbes { end(former.server, within: Self.lastProbes) }
    }

    private func answerProbes(of service: Service, on port: UInt16) {
        var small = configuration.server.httpConfiguration
        (small.port, small.loopCount, small.offloadThreads, small.bulkThreads) = (port, 1, 1, 1)
        let server = makeServer(small, service, service.startingRouter())
        let isLoading = phase.withLock { phase in
            // Where there are no threads for it they wait on; the real one will tell.
            guard case .starting(let bound, false) = phase, (try? server.start(inPlaceOf: bound)) != nil else {
                return false
            }
            phase = .starting(server, answersProbes: true)
            return true
        }
        guard isLoading else { return }
        logger.notice("Nectar \(Build.version) loads what it serves, and answers probes on \(address(port))")
    }

    private func end(_ server: HTTPServer, within time: Duration) {
        server.drain(within: time)
        server.wait()
    }

    /// The server that has answered probes until then, if one has.
    private func fail() -> HTTPServer? {
        phase.withLock { phase in
            defer { phase = .failed }
            guard case .starting(let server, true) = phase else { return nil }
            return server
        }
    }

    /// Has new connections get the certificates as they are now.
    func reloadCertificates() {
        let server: HTTPServer? =
            switch phase.withLock({ $0 }) {
            case .starting(let server, _), .serving(let server, _): server
            case .ready, .ended, .failed: nil
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
            let last = phase
            if case .failed = phase {} else { phase = .ended }
            return last
        }
        // Who has failed ends the process, and says why.
        while case .failed = last { pause() }
        guard case .serving(let server, let service) = last else {
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

    private func makeServer(_ http: ServerConfiguration, _ service: Service, _ router: Router) -> HTTPServer {
        var http = http
        http.contentBudget = service.contentBudget
        return HTTPServer(
            configuration: http, router: router, observer: service.observer, accessLog: service.accessLog)
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
