import Dispatch
import Glibc
import HTTP
import Locking
import Networking
import TestSupport

@testable import HTTPServer

/// What an observer was told, and a way to wait until it was told something.
final class RecordingObserver: ServerObserver {
    struct Seen {
        var accepted = 0
        var closed = 0
        var refused = 0
        var finished: [(route: String, status: Int, bytesIn: Int, bytesOut: Int)] = []
        var failed: [Int] = []
        var handshakesFailed: [String] = []
    }

    private let seen = Lock(Seen())
    private let changed = DispatchSemaphore(value: 0)

    var current: Seen { seen.withLock { $0 } }

    /// Returns once `condition` holds; false if it does not within 20 seconds of silence.
    func wait(until condition: (Seen) -> Bool) -> Bool {
        while !condition(current) {
            if changed.wait(timeout: .now() + .seconds(20)) == .timedOut { return condition(current) }
        }
        return true
    }

    private func note(_ change: @Sendable (inout Seen) -> Void) {
        seen.withLock { change(&$0) }
        changed.signal()
    }

    func connectionAccepted() { note { $0.accepted += 1 } }
    func connectionClosed() { note { $0.closed += 1 } }
    func connectionRefused() { note { $0.refused += 1 } }
    func handshakeFailed(reason: String) { note { $0.handshakesFailed.append(reason) } }
    func parseFailed(status: Int) { note { $0.failed.append(status) } }

    func requestFinished(
        method: HTTPMethod, route: String, status: Int, duration: Duration, bytesIn: Int, bytesOut: Int
    ) {
        note { $0.finished.append((route, status, bytesIn, bytesOut)) }
    }
}

/// A consumer that counts and can be held up.
final class CountingConsumer: RequestBodyConsumer {
    struct Log {
        var bytes: [UInt8] = []
        var pieces = 0
        /// Who called, piece by piece and for the end.
        var threads: [pthread_t] = []
        var isFinished = false
        var isCancelled = false
    }

    let log = Lock(Log())
    let ended = DispatchSemaphore(value: 0)
    let gate: Gate?
    let limit: Int
    let loopLimit: Int

    init(gate: Gate? = nil, limit: Int = .max, loopLimit: Int = 0) {
        self.gate = gate
        self.limit = limit
        self.loopLimit = loopLimit
    }

    func consume(_ chunk: [UInt8]) -> HTTPResponse? {
        gate?.pass()
        let count = log.withLock { log in
            log.bytes += chunk
            log.pieces += 1
            log.threads.append(pthread_self())
            return log.bytes.count
        }
        return count > limit ? HTTPResponse(status: .unprocessableContent, body: .bytes(Array("enough".utf8))) : nil
    }

    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        respond(answer())
    }

    private func answer() -> HTTPResponse {
        log.withLock { log in
            log.isFinished = true
            log.threads.append(pthread_self())
        }
        ended.signal()
        return HTTPResponse(status: .ok, body: .bytes(Array("\(log.withLock { $0.bytes.count })".utf8)))
    }

    func cancel() {
        log.withLock { $0.isCancelled = true }
        ended.signal()
    }
}

/// A clock that stands still until a test moves it.
final class ManualClock: MonotonicClock {
    private let instant = Lock(MonotonicInstant(nanoseconds: 0))

    var now: MonotonicInstant { instant.withLock { $0 } }

    func advance(by duration: Duration) { instant.withLock { $0 = $0.advanced(by: duration) } }
}

/// A real server on loopback with a few routes, ended when the test lets go of it.
final class TestServer {
    let server: HTTPServer
    let observer = RecordingObserver()
    let port: UInt16
    private var hasEnded = false

    init(
        clock: any MonotonicClock = SystemMonotonicClock(), accessLog: (any AccessLog)? = nil,
        isObserved: Bool = true,
        _ configure: (inout ServerConfiguration) -> Void = { _ in },
        routes: (inout Router) -> Void = { _ in }
    ) throws {
        var configuration = ServerConfiguration()
        configuration.offloadThreads = 2
        configuration.bulkThreads = 2
        configuration.lingerTimeout = .milliseconds(200)
        configure(&configuration)
        var router = Router()
        Self.addStandardRoutes(to: &router)
        routes(&router)
        server = HTTPServer(
            configuration: configuration, router: router, observer: isObserved ? observer : NoObserver(),
            accessLog: accessLog, clock: clock)
        port = try server.start()
    }

    deinit {
        guard !hasEnded else { return }
        server.stop()
        server.wait()
    }

    func client(receiveBuffer: Int32? = nil) throws -> RawClient {
        try RawClient(port: port, receiveBuffer: receiveBuffer)
    }

    /// Drains and returns when the loops have ended.
    func drainAndWait() {
        server.drain()
        server.wait()
        hasEnded = true
    }

    /// Moves the clock that the server was made with, and has its loops look at it.
    func advance(_ clock: ManualClock, by duration: Duration) {
        clock.advance(by: duration)
        server.wakeUp()
    }

    static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: .ok, fields: [.contentType: "text/plain"], body: .bytes(Array(text.utf8)))
    }

    private static func addStandardRoutes(to router: inout Router) {
        router.add(.get, "/hello") { _ in text("hello") }
        router.add(.get, "/echo/{word}") { text($0.parameter("word") ?? "none") }
        router.add(.get, "/id") { text($0.requestID) }
        router.add(.get, "/nothing") { _ in HTTPResponse(status: .noContent, body: .bytes([1, 2, 3])) }
        router.add(.get, "/lying") { _ in
            HTTPResponse(status: .ok, fields: [.contentLength: "999"], body: .bytes([65]))
        }
        router.add(.get, "/slow-echo/{word}", .offloaded) { text($0.parameter("word") ?? "none") }
        router.add(.post, "/upload") { HTTPResponse(status: .ok, body: .bytes($0.body)) }
        router.add(.post, "/upload-offloaded", .offloaded) { HTTPResponse(status: .ok, body: .bytes($0.body)) }
        router.add(.get, "/large") { _ in
            HTTPResponse(status: .ok, body: .bytes([UInt8](repeating: 120, count: 1 << 20)))
        }
    }
}

extension RawClient {
    /// Sends a request without content and reads its answer.
    func get(_ path: String, fields: String = "", method: String = "GET") -> (head: String, content: String) {
        send("\(method) \(path) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n")
        let (head, content) = readResponse(headOnly: method == "HEAD")
        return (head, String(decoding: content, as: UTF8.self))
    }

    /// The content of a chunked answer, up to its last chunk.
    func readChunked() -> String {
        var content = ""
        while true {
            let size = Int(read(through: "\r\n").prefix { $0.isHexDigit }, radix: 16) ?? 0
            let chunk = read(exactly: size + 2)
            if size == 0 { return content }
            content += String(decoding: chunk.dropLast(2), as: UTF8.self)
        }
    }
}

extension String {
    /// The status code of a head.
    var status: Int { Int(split(separator: " ").dropFirst().first ?? "") ?? 0 }

    /// The value of a field in a head.
    func field(_ name: String) -> String? {
        split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
    }
}
