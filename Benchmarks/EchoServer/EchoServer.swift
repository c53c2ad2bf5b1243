import Dispatch
import Glibc
import HTTP
import HTTPServer

/// The HTTP server alone, to be measured, fuzzed and run against conformance suites: GET answers 200 with a fixed body,
/// POST the request's own, on every path; `/offloaded` and `/deferred` by another thread, and POST to `/streamed` answers
/// how long the content was, which is never kept. Every limit is a flag; `--help` lists them.
@main
struct EchoServer {
    static func main() {
        // Before any thread starts, so that all inherit the mask and only `sigwait` sees the signals.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)

        let options = EchoOptions(Array(CommandLine.arguments.dropFirst()))
        let server = HTTPServer(configuration: options.configuration, router: router(options))
        do {
            let port = try server.start()
            write("Listening on \(options.configuration.host):\(port)\n", to: STDOUT_FILENO)
        } catch {
            write("\(error)\n", to: STDERR_FILENO)
            exit(1)
        }
        var received: Int32 = 0
        while true {
            unsafe sigwait(&signals, &received)
            guard received == SIGHUP else { break }
            do { try server.reloadCertificates() } catch { write("\(error)\n", to: STDERR_FILENO) }
        }
        server.drain()
        server.wait()
    }

    private static func router(_ options: EchoOptions) -> Router {
        var router = Router()
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: options.bodyLength)
        let fixed = HTTPResponse(status: .ok, fields: [.contentType: "application/json"], body: .bytes(body))
        router.add(.get, "/", answering: fixed)
        router.add(.post, "/") { echo($0) }
        // The same by the other ways to an answer.
        router.add(.get, "/offloaded", .offloaded) { _ in fixed }
        router.addDeferred(.get, "/deferred") { _, respond in
            DispatchQueue.global().async { respond(fixed) }
        }
        router.addStreaming(.post, "/streamed") { _ in .taken(by: ContentCounter()) }
        // Whatever the path: what no template matches is answered all the same.
        router.fallback = { request in
            switch request.head.method {
            case .post: echo(request)
            case .get, .head: fixed
            case .options: HTTPResponse(status: .noContent, fields: [.allow: "GET, HEAD, POST, OPTIONS"])
            default: HTTPResponse(status: .methodNotAllowed, fields: [.allow: "GET, HEAD, POST, OPTIONS"])
            }
        }
        return router
    }

    private static func echo(_ request: ServerRequest) -> HTTPResponse {
        HTTPResponse(
            status: .ok, fields: [.contentType: request.head.fields[.contentType] ?? "application/octet-stream"],
            body: .bytes(request.body))
    }
}

// Unchecked: the server calls a consumer from one thread at a time.
/// Counts the octets of a request's content.
final class ContentCounter: RequestBodyConsumer, @unchecked Sendable {
    private var count = 0

    func consume(_ chunk: [UInt8]) -> HTTPResponse? {
        count += chunk.count
        return nil
    }

    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        respond(HTTPResponse(status: .ok, body: .bytes(Array("\(count)\n".utf8))))
    }

    func cancel() {}
}

/// Writes a line past the C library's buffers, so that a script that waits for it sees it at once.
func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
}
