import ArgumentParser
import Glibc
import HTTP
import HTTPServer
import InteractionStorage
import Logging
import NCF
import Networking
import RecommendationService

/// `nectar serve`: the server.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves recommendations over HTTP until it is told to stop (SIGTERM or SIGINT)."
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "Address to listen on (default 127.0.0.1).")
    var host: String?

    @Option(help: "TCP port to listen on (default 8080; 0 takes any free one).")
    var port: Int?

    func run() throws {
        var flags: [String: Setting.Value] = [:]
        if let host { flags["server.host"] = .string(host) }
        if let port { flags["server.port"] = .integer(port) }
        let configuration = try options.load(flags: flags)
        let logger = Log.logger(level: configuration.log.level)
        // Before any thread of ours starts, so that each inherits the mask and only `wait` sees the signals.
        let isEncrypted = !configuration.server.tlsCertificate.isEmpty
        let signals = StopSignals(includingHangUp: isEncrypted)
        // A file that may not grow any more (ulimit -f) fails the write, as a full disk does, and not the process.
        _ = signal(SIGXFSZ, SIG_IGN)

        let lock = try StartChecks(configuration, logger).takeFolder()
        defer { withExtendedLifetime(lock) {} }
        let serving = ServingProcess(configuration, logger)
        try serving.start { Self.exit(withError: $0) }
        let signal = signals.wait(onHangUp: serving.reloadCertificates)
        try serving.end(on: signal)
        // All is stored. `exit` would flush standard error and wait for who does not read it.
        if !Log.briefly({ logger.notice("Stopped.") }) { _exit(EXIT_SUCCESS) }
    }
}

extension ServiceConfiguration.Server {
    /// What HTTPS needs; nil serves HTTP. A key that is missing is told by the start, like one that cannot be read.
    private var tls: TLSConfiguration? {
        guard !tlsCertificate.isEmpty else { return nil }
        var tls = TLSConfiguration(identities: [.init(certificateFile: tlsCertificate, keyFile: tlsKey)])
        if !tlsClientAuthorities.isEmpty { tls.clientCertificates = .required(authorityFile: tlsClientAuthorities) }
        return tls
    }

    /// These settings as the HTTP server takes them.
    var httpConfiguration: ServerConfiguration {
        var http = ServerConfiguration()
        http.host = host
        http.port = UInt16(port)
        http.loopCount = eventLoops > 0 ? eventLoops : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        http.tls = tls
        http.maximumConnectionsPerClient = connectionsPerClient
        http.backlog = backlog
        http.limits.requestLine = requestLineBytes
        http.limits.fieldSection = fieldSectionBytes
        http.limits.fieldCount = fieldCount
        http.maximumBodyLength = bodyBytes
        http.fieldSectionTimeout = .seconds(fieldSectionSeconds)
        http.idleTimeout = .seconds(idleSeconds)
        http.bodyTimeout = .seconds(bodySeconds)
        http.writeTimeout = .seconds(writeSeconds)
        http.drainTimeout = .seconds(drainSeconds)
        http.maximumConnections = connections
        http.offloadThreads = offloadThreads
        http.bulkThreads = bulkThreads
        http.offloadQueueLimit = offloadQueue
        return http
    }
}
