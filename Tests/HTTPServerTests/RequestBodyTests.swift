import Dispatch
import Glibc
import HTTP
import HTTPServer
import Locking
import TestSupport
import Testing

@Suite("Server: request bodies", .timeLimit(.minutes(1)))
struct RequestBodyTests {
    private static let chunked = "5\r\nhello\r\n1;a=b\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n"

    @Test("a chunked upload one octet at a time is the same as at once", arguments: ["/upload", "/upload-offloaded"])
    func chunkedByteByByte(path: String) throws {
        let server = try TestServer()
        let client = try server.client()
        let request = "POST \(path) HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + Self.chunked
        for byte in Array(request.utf8) { client.send([byte]) }
        #expect(client.readResponse().content == Array("hello world".utf8))
        client.send(request + request)
        #expect(client.readResponse().content == Array("hello world".utf8))
        #expect(client.readResponse().content == Array("hello world".utf8))
    }

    @Test("100 Continue is sent when the content is awaited, and only then")
    func expectContinue() throws {
        let server = try TestServer()
        let client = try server.client()
        let head = "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        client.send(head)
        #expect(client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("hi")
        #expect(client.readResponse().content == Array("hi".utf8))
        client.send(head + "ho")
        let answer = client.readResponse()
        #expect(answer.head.status == 200 && answer.content == Array("ho".utf8))
    }

    @Test(
        "instead of 100 Continue comes the final answer where the content is not wanted",
        arguments: [
            ("/missing", 2, 404), ("/upload", 101, 413), ("/hello", 2, 405),
        ])
    func expectationDeclined(path: String, length: Int, status: Int) throws {
        let server = try TestServer { $0.maximumBodyLength = 100 }
        let client = try server.client()
        client.send("POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Length: \(length)\r\nExpect: 100-continue\r\n\r\n")
        let answer = client.readResponse()
        #expect(answer.head.status == status)
        #expect(answer.head.field("Connection") == "close")
        #expect(client.isAtEnd())
    }

    @Test(
        "a route that refuses by the head answers at once: no 100 Continue, and no content is read",
        arguments: ["/streamed", "/whole", "/offloaded", "/deferred"],
        ["Content-Length: 2", "Transfer-Encoding: chunked"])
    func refusedByHead(path: String, framing: String) throws {
        let server = try refusingServer()
        let client = try server.client()
        client.send("POST \(path) HTTP/1.1\r\nHost: test\r\n\(framing)\r\nExpect: 100-continue\r\nX-Bad: 1\r\n\r\n")
        let answer = client.readResponse()
        #expect(answer.head.status == 415 && answer.content == Array("bad head".utf8))
        #expect(answer.head.field("Connection") == "close" && client.isAtEnd())
        let next = try server.client()
        next.send("POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(next.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        next.send("hi")
        #expect(next.readResponse().content == Array("2".utf8))
    }

    @Test(
        "short content that was refused by the head is read past; content that is long, or may be, ends the connection",
        arguments: [
            ("/streamed", "Content-Length: 5", "hello", true), ("/streamed", "Content-Length: 101", "", false),
            ("/streamed", "Transfer-Encoding: chunked", "", false), ("/streamed", "Content-Length: 0", "", true),
            ("/whole", "Content-Length: 5", "hello", true),
        ])
    func refusedByHeadWithContent(path: String, framing: String, content: String, isKept: Bool) throws {
        let server = try refusingServer()
        let client = try server.client()
        client.send("POST \(path) HTTP/1.1\r\nHost: test\r\n\(framing)\r\nX-Bad: 1\r\n\r\n\(content)")
        let answer = client.readResponse()
        #expect(answer.head.status == 415 && answer.head.field("Connection") == (isKept ? nil : "close"))
        if isKept { #expect(client.get("/hello").content == "hello") } else { #expect(client.isAtEnd()) }
    }

    /// Its routes refuse whatever has a field X-Bad, and tell the length of other content.
    private func refusingServer() throws -> TestServer {
        @Sendable func refusal(_ request: ServerRequest) -> HTTPResponse? {
            guard request.head.fields.contains("X-Bad") else { return nil }
            return HTTPResponse(status: .unsupportedMediaType, body: .bytes(Array("bad head".utf8)))
        }
        @Sendable func length(_ request: ServerRequest) -> HTTPResponse { TestServer.text("\(request.body.count)") }
        return try TestServer({ $0.maximumBodyLength = 100 }) { router in
            router.addStreaming(.post, "/streamed") { request in
                refusal(request).map { .refused($0) } ?? .taken(by: CountingConsumer())
            }
            router.add(.post, "/whole", refusing: refusal, handler: length)
            router.add(.post, "/offloaded", .offloaded, refusing: refusal, handler: length)
            router.addDeferred(.post, "/deferred", refusing: refusal) { $1(length($0)) }
        }
    }

    @Test(
        "content at the limit is taken and one octet more is refused",
        arguments: [
            (100, false, 200), (101, false, 413), (100, true, 200), (101, true, 413),
        ])
    func bodyLimit(length: Int, isChunked: Bool, status: Int) throws {
        let server = try TestServer { $0.maximumBodyLength = 100 }
        let client = try server.client()
        let content = String(repeating: "x", count: length)
        if isChunked {
            let chunks = content.map { "1\r\n\($0)\r\n" }.joined()
            client.send("POST /upload HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n")
        } else {
            client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: \(length)\r\n\r\n\(content)")
        }
        let answer = client.readResponse()
        #expect(answer.head.status == status)
        #expect(answer.head.field("Connection") == (status == 413 ? "close" : nil))
    }

    @Test("unwanted content is read past, and the next request answered")
    func unwantedContent() throws {
        let server = try TestServer()
        let client = try server.client()
        client.send("POST /missing HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")
        #expect(client.readResponse().head.status == 404)
        client.send("GET /hello HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nGET /")
        #expect(client.readResponse().content == Array("hello".utf8))
        #expect(client.get("/echo/still-here").content == "still-here")
    }

    // MARK: Streamed to a consumer

    private func streamingServer(_ consumer: CountingConsumer) throws -> TestServer {
        try TestServer(routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
    }

    @Test("a streamed body has no total limit and arrives in order")
    func streams() throws {
        let consumer = CountingConsumer()
        let server = try TestServer(
            { $0.maximumBodyLength = 10 }, routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let client = try server.client()
        let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: \(content.count)\r\n\r\n")
        client.send(content)
        #expect(client.readResponse().content == Array("200000".utf8))
        #expect(consumer.log.withLock { $0.bytes } == content)
        #expect(client.get("/hello").content == "hello")
    }

    @Test("while the consumer is busy nothing more is read, and the sender has to wait")
    func backPressure() throws {
        let gate = Gate()
        let consumer = CountingConsumer(gate: gate)
        let server = try streamingServer(consumer)
        let client = try server.client()
        let total = 64 << 20
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: \(total)\r\n\r\nx")
        gate.awaitArrival()
        // The consumer stands at the gate: only what the kernel holds for both ends can be sent.
        let block = [UInt8](repeating: 120, count: 1 << 20)
        var sent = 1
        while case let count = client.sendWithoutWaiting(block), count > 0 { sent += count }
        #expect(sent < total)
        #expect(consumer.log.withLock { $0.pieces } == 0)
        client.reset()
        gate.open()
        consumer.ended.wait()
        #expect(consumer.log.withLock { $0.isCancelled && !$0.isFinished })
        withExtendedLifetime(server) {}
    }

    @Test("an early answer ends the request and the connection")
    func earlyAnswer() throws {
        let consumer = CountingConsumer(limit: 3)
        let server = try streamingServer(consumer)
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nabcd")
        let answer = client.readResponse()
        #expect(answer.head.status == 422 && answer.head.field("Connection") == "close")
        #expect(answer.content == Array("enough".utf8))
        #expect(client.isAtEnd())
        #expect(consumer.log.withLock { !$0.isCancelled && !$0.isFinished })
    }

    @Test("an early answer after the last octet keeps the connection, on the pool and on the loop", arguments: [0, 4])
    func earlyAnswerAtTheEnd(loopLimit: Int) throws {
        let consumer = CountingConsumer(limit: 3, loopLimit: loopLimit)
        let server = try streamingServer(consumer)
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nabcd")
        #expect(client.readResponse().head.status == 422)
        #expect(client.get("/hello").content == "hello")
        #expect(consumer.log.withLock { !$0.isCancelled && !$0.isFinished })
    }

    /// A server whose `/loop` answers on the loop and notes the thread.
    private func observedLoop(_ consumer: CountingConsumer) throws -> (TestServer, () -> pthread_t?) {
        let loop = Lock<pthread_t?>(nil)
        let server = try TestServer(routes: { router in
            router.addStreaming(.post, "/stream") { _ in .taken(by: consumer) }
            router.add(.get, "/loop") { _ in
                loop.withLock { $0 = pthread_self() }
                return TestServer.text("noted")
            }
        })
        return (server, { loop.withLock { $0 } })
    }

    @Test("short content that came whole is taken on the loop, longer content on the pool", arguments: [4, 5])
    func shortOnTheLoop(length: Int) throws {
        let consumer = CountingConsumer(loopLimit: 4)
        let (server, loop) = try observedLoop(consumer)
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: \(length)\r\n\r\n")
        client.send([UInt8](repeating: 120, count: length))
        #expect(client.readResponse().content == Array("\(length)".utf8))
        #expect(client.get("/loop").content == "noted")
        let threads = consumer.log.withLock { $0.threads }
        #expect(threads.count == 2)
        #expect(threads.map { $0 == loop() } == (length == 4 ? [true, true] : [false, false]))
    }

    @Test("short content that comes in pieces is taken on the pool")
    func shortInPieces() throws {
        let gate = Gate()
        let consumer = CountingConsumer(gate: gate, loopLimit: 4)
        let (server, loop) = try observedLoop(consumer)
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab")
        gate.awaitArrival()
        gate.open()
        client.send("cd")
        gate.open()
        #expect(client.readResponse().content == Array("4".utf8))
        #expect(client.get("/loop").content == "noted")
        let threads = consumer.log.withLock { $0.threads }
        #expect(threads.count == 3 && !threads.contains { $0 == loop() })
        #expect(consumer.log.withLock { $0.bytes } == Array("abcd".utf8))
    }

    @Test("short content in chunks is taken on the loop where its end has come too")
    func shortChunked() throws {
        let consumer = CountingConsumer(loopLimit: 4)
        let (server, loop) = try observedLoop(consumer)
        let client = try server.client()
        let head = "POST /stream HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(head + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n" + "GET /loop HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(client.readResponse().content == Array("4".utf8))
        #expect(client.readResponse().content == Array("noted".utf8))
        #expect(consumer.log.withLock { $0.threads } == [loop(), loop()].compactMap(\.self))
    }

    @Test(
        "a body cut short, broken or too slow cancels its consumer",
        arguments: ["reset", "shutdown", "malformed", "slow"])
    func cancels(how: String) throws {
        let consumer = CountingConsumer()
        let server = try TestServer(
            { $0.bodyTimeout = .milliseconds(50) },
            routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        switch how {
        case "reset": client.reset()
        case "shutdown": client.shutdownWriting()
        case "malformed":
            client.send("what\r\n")
            #expect(client.readResponse().head.status == 400)
        default: #expect(client.readResponse().head.status == 408)
        }
        consumer.ended.wait()
        #expect(consumer.log.withLock { $0.isCancelled && !$0.isFinished })
        #expect(server.observer.wait { $0.closed == 1 })
    }
}
