import Dispatch
import HTTP
import Locking
import Networking
import TestSupport
import Testing

@testable import HTTPServer

/// An access log that keeps its records, and a way to wait for them.
private final class RecordingLog: AccessLog {
    let notedField: HTTPFieldName = "Noted"
    let wantsTargets: Bool
    private let records = Lock<[AccessRecord]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    init(wantsTargets: Bool = false) { self.wantsTargets = wantsTargets }

    func record(_ record: AccessRecord) {
        records.withLock { $0.append(record) }
        arrivals.signal()
    }

    /// The first `count` records, or as many as come before 20 seconds of silence.
    func first(_ count: Int) -> [AccessRecord] {
        for _ in 0..<count where arrivals.wait(timeout: .now() + .seconds(20)) == .timedOut { break }
        return records.withLock { $0 }
    }
}

@Suite("Server: access log", .timeLimit(.minutes(2)))
struct AccessLogTests {
    private static func server(
        _ log: RecordingLog, clock: any MonotonicClock = SystemMonotonicClock(),
        configure: (inout ServerConfiguration) -> Void = { _ in }, routes: (inout Router) -> Void = { _ in }
    ) throws -> TestServer {
        try TestServer(clock: clock, accessLog: log, configure, routes: routes)
    }

    @Test("a record says all there is to say of a request, and its octets are those of the wire")
    func members() throws {
        let log = RecordingLog()
        let clock = ManualClock()
        let server = try Self.server(
            log, clock: clock,
            routes: {
                $0.add(.post, "/people/{name}") { _ in
                    clock.advance(by: .milliseconds(7))
                    return HTTPResponse(status: .created, fields: ["Noted": "v3"], body: .bytes(Array("hello".utf8)))
                }
            })
        let client = try server.client()
        let request =
            "POST /people/mary?age=3 HTTP/1.1\r\nHost: test\r\nX-Request-ID: r1\r\nContent-Length: 4\r\n\r\nbody"
        client.send(request)
        let (head, content) = client.readResponse()
        let record = try #require(log.first(1).first)
        #expect(record.method == .post && record.version == .http11 && record.route == "/people/{name}")
        #expect(record.status == 201 && record.requestID == "r1" && record.notedValue == "v3")
        #expect(record.target == nil)
        #expect(record.duration == .milliseconds(7))
        #expect(record.bytesIn == request.utf8.count)
        #expect(record.bytesOut == head.utf8.count + content.count)
    }

    @Test("the target is told only to a log that wants it", arguments: [true, false])
    func targets(isWanted: Bool) throws {
        let log = RecordingLog(wantsTargets: isWanted)
        let server = try Self.server(log)
        _ = try server.client().get("/echo/mary?q=%0A")
        #expect(log.first(1).first?.target == (isWanted ? "/echo/mary?q=%0A" : nil))
    }

    @Test("an answer without a route, an HTTP/1.0 request and a generated identifier are told as they were")
    func unmatched() throws {
        let log = RecordingLog()
        let server = try Self.server(log)
        let client = try server.client()
        client.send("GET /nowhere HTTP/1.0\r\n\r\n")
        let head = client.readResponse().head
        let record = try #require(log.first(1).first)
        #expect(record.status == 404 && record.route.isEmpty && record.version == .http10 && record.notedValue == nil)
        #expect(record.requestID == head.field("X-Request-ID") && record.requestID.utf8.count == 32)
    }

    @Test("pipelined, offloaded and streamed answers have a record each, in order of their ends")
    func several() throws {
        let log = RecordingLog()
        let server = try Self.server(
            log,
            routes: {
                $0.add(.get, "/stream") { _ in
                    let stream = ResponseStream()
                    _ = stream.write(Array("some".utf8))
                    stream.finish()
                    return HTTPResponse(status: .ok, body: .stream(stream))
                }
            })
        let client = try server.client()
        client.send(
            ["/hello", "/slow-echo/a", "/stream", "/large"].map { "GET \($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
        let records = log.first(4)
        #expect(records.map(\.route) == ["/hello", "/slow-echo/{word}", "/stream", "/large"])
        #expect(records.map(\.status) == [200, 200, 200, 200])
        // Head, chunk of four octets with its size line and line ends, last chunk.
        #expect(records.count == 4 && records[2].bytesOut > 4 + 5 + 5 && records[3].bytesOut > 1 << 20)
    }

    @Test(
        "a head that is refused has a record without method, version and route",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nbad field", 1, 400), ("GET / HTTP/9.9\r\nHost: ", 1, 505),
            ("BREW / HTTP/1.1\r\nHost: ", 1, 501), ("GET /", 9000, 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nLong: ", 40_000, 431),
        ])
    func refusedHeads(beginning: String, length: Int, status: Int) throws {
        let log = RecordingLog(wantsTargets: true)
        let server = try Self.server(log)
        let client = try server.client()
        client.send(beginning + String(repeating: "a", count: length) + "\r\n\r\n")
        #expect(client.readResponse().head.status == status)
        let record = try #require(log.first(1).first)
        #expect(record.status == status)
        #expect(record.method == nil && record.version == nil && record.route.isEmpty && record.target == nil)
        #expect(record.duration == nil && record.bytesIn > 0 && record.bytesOut > 0)
        server.drainAndWait()
        #expect(log.first(0).count == 1)
    }

    @Test("content that is refused has a record with the route that it was for")
    func refusedContent() throws {
        let log = RecordingLog()
        let server = try Self.server(log)
        let client = try server.client()
        client.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        #expect(client.readResponse().head.status == 400)
        let record = try #require(log.first(1).first)
        #expect(record.status == 400 && record.method == .post && record.route == "/upload")
        #expect(record.duration != nil && record.bytesOut > 0)
    }

    @Test("a head that comes too slowly has a record with 408")
    func tooSlow() throws {
        let log = RecordingLog()
        let clock = ManualClock()
        let server = try Self.server(log, clock: clock, configure: { $0.fieldSectionTimeout = .seconds(10) })
        let client = try server.client()
        // An answered request tells that the second head's beginning, sent along, has been read too.
        client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /h")
        _ = client.readResponse()
        server.advance(clock, by: .seconds(10))
        #expect(client.readResponse().head.status == 408)
        let records = log.first(2)
        #expect(records.map(\.status) == [200, 408])
        #expect(records.last?.bytesIn == 6 && records.last?.method == nil)
    }

    @Test("a client that is gone before its answer leaves a record without a status, and the metrics nothing")
    func gone() throws {
        let log = RecordingLog()
        let gate = Gate()
        let server = try Self.server(
            log,
            routes: {
                $0.add(.get, "/gated", .offloaded) { _ in
                    gate.pass()
                    return TestServer.text("late")
                }
            })
        let client = try server.client()
        client.send("GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
        gate.awaitArrival()
        client.reset()
        let record = try #require(log.first(1).first)
        #expect(record.status == 0 && record.route == "/gated" && record.bytesOut == 0)
        gate.open()
        server.drainAndWait()
        #expect(log.first(0).count == 1 && server.observer.current.finished.isEmpty)
    }
}
