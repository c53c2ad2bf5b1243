import ArgumentParser
import Glibc
import RecommendationService

/// `nectar healthcheck`: asks a running server whether it is ready; for containers, which have no curl.
struct Healthcheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Exits 0 if a running server says it is ready, 1 otherwise."
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "Path to ask.")
    var path = "/readyz"

    @Option(help: "Seconds to wait for the answer.")
    var timeout = 3

    @Option(help: "Host to ask; the configured one unless given.")
    var host: String?

    @Option(help: "Port to ask; the configured one unless given.")
    var port: Int?

    func run() throws {
        let configuration = try options.load()
        let listening = configuration.server.host
        let anyInterface = ["0.0.0.0": "127.0.0.1", "::": "::1"]
        let target = host ?? anyInterface[listening] ?? listening
        let targetPort = port ?? configuration.server.port
        guard let status = Self.status(of: path, host: target, port: targetPort, timeoutSeconds: timeout) else {
            print("http://\(target):\(targetPort)\(path): no answer")
            throw ExitCode.failure
        }
        print("http://\(target):\(targetPort)\(path): \(status)")
        guard status == 200 else { throw ExitCode.failure }
    }

    /// The status code of `GET path`, or nil if no HTTP answer came in time.
    static func status(of path: String, host: String, port: Int, timeoutSeconds: Int) -> Int? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var addresses: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &addresses) == 0, let address = unsafe addresses else {
            return nil
        }
        defer { unsafe freeaddrinfo(addresses) }
        let descriptor = unsafe socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var wait = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
        guard unsafe connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else { return nil }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
        guard unsafe send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return nil
        }
        // "HTTP/1.1 200": the first 12 bytes hold all that is asked for.
        var answer = [UInt8](repeating: 0, count: 12)
        guard unsafe recv(descriptor, &answer, answer.count, Int32(MSG_WAITALL)) == answer.count else {
            return nil
        }
        return Int(String(decoding: answer[9...], as: UTF8.self))
    }
}
