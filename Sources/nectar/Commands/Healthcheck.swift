import ArgumentParser
import Glibc
import Networking
import RecommendationService

/// `nectar healthcheck`: asks a running server whether it is ready; for containers, which have no curl.
struct Healthcheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Exits 0 if a running server says it is ready, 1 otherwise.",
        discussion: """
            Where the configuration names a certificate it asks by HTTPS, and believes the server that shows exactly this
            certificate, whatever its names and dates.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "Path to ask (default /readyz).")
    var path: String?

    @Option(help: "Seconds to wait for the answer.")
    var timeout = 3

    @Option(help: "Host to ask; the configured one unless given.")
    var host: String?

    @Option(help: "Port to ask; the configured one unless given.")
    var port: Int?

    @Option(help: "URL to ask, http or https, /readyz where it has no path; in place of --host, --port and --path.")
    var url: String?

    @Option(help: "PEM file of the certificate that the server has to show; the configured one unless given.")
    var certificate: String?

    @Option(help: "PEM file of the certificate to show to a server that asks for one; its own unless given.")
    var clientCertificate: String?

    @Option(help: "PEM file of the private key of --client-certificate.")
    var clientKey: String?

    func validate() throws {
        if url != nil, host != nil || port != nil || path != nil {
            throw ValidationError("--url says all that --host, --port and --path would say.")
        }
        if let url, ProbeTarget(url: url) == nil { throw ValidationError("--url is no http or https URL: \(url)") }
        guard (clientCertificate == nil) == (clientKey == nil) else {
            throw ValidationError("--client-certificate and --client-key go together.")
        }
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout is from 1 to 3600 seconds.") }
    }

    func run() throws {
        let server = try options.load().server
        let target = target(of: server)
        let tls = try tls(for: target, server)
        // OpenSSL writes in a way that raises it.
        _ = signal(SIGPIPE, SIG_IGN)
        let answer = Self.answer(of: target, tls, within: .seconds(timeout))
        print("\(target): \(answer)")
        guard answer == "200" else { throw ExitCode.failure }
    }

    private func target(of server: ServiceConfiguration.Server) -> ProbeTarget {
        if let url, let target = ProbeTarget(url: url) { return target }
        let anyInterface = ["0.0.0.0": "127.0.0.1", "::": "::1"]
        return ProbeTarget(
            isSecure: !server.tlsCertificate.isEmpty || certificate != nil,
            host: host ?? anyInterface[server.host] ?? server.host, port: port ?? server.port,
            path: path ?? ProbeTarget.usualPath)
    }

    /// Nil without TLS.
    private func tls(for target: ProbeTarget, _ server: ServiceConfiguration.Server) throws -> TLSClientConfiguration? {
        guard target.isSecure else { return nil }
        let trusted = certificate ?? server.tlsCertificate
        guard !trusted.isEmpty else {
            throw ValidationError("Without server.tls_certificate, --certificate has to name the server's certificate.")
        }
        var tls = TLSClientConfiguration(certificateFile: trusted)
        if let clientCertificate, let clientKey {
            tls.identity = .init(certificateFile: clientCertificate, keyFile: clientKey)
        } else if !server.tlsClientAuthorities.isEmpty {
            tls.identity = .init(certificateFile: server.tlsCertificate, keyFile: server.tlsKey)
        }
        return tls
    }

    /// The status code of a `GET`, or why there is none.
    private static func answer(
        of target: ProbeTarget, _ tls: TLSClientConfiguration?, within timeout: Duration
    ) -> String {
        do throws(ClientConnection.Failure) {
            let connection = try ClientConnection(to: target.host, port: target.port, tls: tls, within: timeout)
            let request = "GET \(target.path) HTTP/1.1\r\nHost: \(target.authority)\r\nConnection: close\r\n\r\n"
            try connection.send(Array(request.utf8))
            // "HTTP/1.1 200": the first 12 octets hold all that is asked for.
            let head = String(decoding: try connection.receive(12), as: UTF8.self)
            guard let status = head.wholeMatch(of: /HTTP\/1\.[0-9] ([0-9]{3})/)?.1 else {
                return "no answer: \(head.isEmpty ? "The server ended the connection." : "What came is not HTTP.")"
            }
            return String(status)
        } catch {
            return "no answer: \(error)"
        }
    }
}
