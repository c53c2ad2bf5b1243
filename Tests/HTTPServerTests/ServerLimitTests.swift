import Glibc
import HTTP
import HTTPServer
import Locking
import TestSupport
import Testing

@Suite("Server: limits and deadlines", .timeLimit(.minutes(1)))
struct ServerLimitTests {
    @Test("a head that does not come in time is answered 408, however steadily it trickles")
    func fieldSectionDeadline() throws {
        let server = try TestServer {
            $0.fieldSectionTimeout = .milliseconds(80)
            // On a busy machine the client may send more than the usual limit before the server is at the deadline.
            $0.limits.fieldSection = 1 << 26
        }
        let client = try server.client()
        client.send("GET /hello HTTP/1.1\r\nX: ")
        // One octet after the other: a deadline per read would never pass.
        while server.observer.current.failed.isEmpty { client.send("x") }
        #expect(client.readResponse().head.status == 408)
        #expect(client.isAtEnd())
    }

    @Test("a body that stops is answered 408")
    func bodyDeadline() throws {
        let server = try TestServer { $0.bodyTimeout = .milliseconds(50) }
        let client = try server.client()
        client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc")
        let answer = client.readResponse()
        #expect(answer.head.status == 408 && answer.head.field("Connection") == "close")
        #expect(client.isAtEnd())
    }

    @Test("a body that trickles is answered 408, also where a consumer takes every octet at once")
    func tricklingBody() throws {
        let consumer = CountingConsumer()
        let clock = ManualClock()
        let server = try TestServer(
            clock: clock, { $0.bodyTimeout = .seconds(30) },
            routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n")
        // A second for each octet: 30 deadlines, and never enough octets for one of them.
        for sent in 1..<900 where server.observer.current.failed.isEmpty {
            client.send("x")
            while consumer.log.withLock({ $0.pieces }) < sent, server.observer.current.failed.isEmpty { sched_yield() }
            server.advance(clock, by: .seconds(1))
        }
        #expect(client.readResponse().head.status == 408)
        #expect(consumer.log.withLock { $0.bytes.count } < 900)
    }

    @Test("a consumer that is slow is no reason to refuse its client")
    func slowConsumer() throws {
        let gate = Gate()
        let consumer = CountingConsumer(gate: gate)
        let clock = ManualClock()
        let server = try TestServer(
            clock: clock, { $0.bodyTimeout = .seconds(30) },
            routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 2000\r\n\r\nx")
        gate.awaitArrival()
        client.send([UInt8](repeating: 120, count: 1999))
        for _ in 0..<10 { server.advance(clock, by: .seconds(20)) }
        // However many pieces the rest comes in.
        for _ in 0..<2000 { gate.open() }
        #expect(client.readResponse().content == Array("2000".utf8))
    }

    @Test("a client that reads slowly but steadily gets its answer, and one that stops is cut")
    func steadyReader() throws {
        let clock = ManualClock()
        let server = try TestServer(
            clock: clock, { $0.writeTimeout = .seconds(30) },
            routes: {
                $0.add(.get, "/huge") { _ in
                    HTTPResponse(status: .ok, body: .bytes([UInt8](repeating: 120, count: 24 << 20)))
                }
            })
        let client = try server.client(receiveBuffer: 64 << 10)
        client.send("GET /huge HTTP/1.1\r\nHost: test\r\n\r\n")
        let other = try server.client()
        /// Has the loop look at its clock before this goes on.
        func pass(_ duration: Duration) {
            server.advance(clock, by: duration)
            #expect(other.get("/hello").content == "hello")
        }
        // 4 KiB in a second: the socket's buffer is not free enough to be written to for minutes. (Less would be too little for a
        // loopback's segments of 64 KiB: the client's kernel tells of room for one at a time.)
        for _ in 0..<300 {
            #expect(client.read(exactly: 4 << 10).count == 4 << 10)
            pass(.seconds(1))
        }
        #expect(server.observer.current.closed == 0)
        // Ten times the deadline were no harm; two more without an octet taken are.
        for _ in 0..<3 { pass(.seconds(31)) }
        #expect(server.observer.wait { $0.closed == 1 })
    }

    @Test("content beyond the budget of all connections is answered 503, and taken once there is room")
    func contentBudget() throws {
        let budget = ContentBudget(limit: 100_000)
        let server = try TestServer { $0.contentBudget = budget }
        func upload(_ framing: String, _ content: [UInt8]) throws -> (head: String, content: [UInt8]) {
            let client = try server.client()
            client.send(Array("POST /upload HTTP/1.1\r\nHost: test\r\n\(framing)\r\n\r\n".utf8) + content)
            return client.readResponse()
        }
        let content = [UInt8](repeating: 120, count: 60_000)
        let chunked = Array("EA60\r\n".utf8) + content + Array("\r\n0\r\n\r\n".utf8)
        do {
            let others = budget.reserve()
            #expect(others.grow(to: 60_000))
            // The head says it, or what has come does.
            for refused in [
                try upload("Content-Length: 60000", content), try upload("Transfer-Encoding: chunked", chunked),
            ] {
                #expect(refused.head.status == 503 && refused.head.field("Retry-After") == "1")
            }
            withExtendedLifetime(others) {}
        }
        for _ in 0..<3 {
            #expect(try upload("Content-Length: 60000", content).content == content)
            #expect(try upload("Transfer-Encoding: chunked", chunked).content == content)
        }
    }

    @Test("what a refusal keeps of a request does not change when the content comes")
    func keptByRefusal() throws {
        let kept = Lock<[ServerRequest]>([])
        let server = try TestServer(routes: { router in
            router.add(
                .post, "/asked",
                refusing: { request in
                    kept.withLock { $0.append(request) }
                    return nil
                }
            ) { HTTPResponse(status: .ok, body: .bytes($0.body)) }
        })
        let client = try server.client()
        for word in ["one", "second"] {
            client.send("POST /asked HTTP/1.1\r\nHost: \(word)\r\nContent-Length: \(word.utf8.count)\r\n\r\n\(word)")
            #expect(client.readResponse().content == Array(word.utf8))
        }
        let requests = kept.withLock { $0 }
        #expect(requests.map { $0.head.fields[.host] } == ["one", "second"])
        #expect(requests.allSatisfy { $0.body.isEmpty && $0.route == "/asked" })
    }

    @Test("a connection that rests too long is closed without an answer")
    func idleDeadline() throws {
        let server = try TestServer { $0.idleTimeout = .milliseconds(50) }
        let fresh = try server.client()
        let used = try server.client()
        #expect(used.get("/hello").content == "hello")
        #expect(used.isAtEnd())
        #expect(fresh.isAtEnd())
    }

    @Test("a client that does not read is neither read from nor kept for ever, and its answers do not pile up")
    func slowReader() throws {
        let handled = Lock(0)
        let server = try TestServer(
            { $0.writeTimeout = .milliseconds(200) },
            routes: {
                $0.add(.get, "/counted") { _ in
                    handled.withLock { $0 += 1 }
                    return HTTPResponse(status: .ok, body: .bytes([UInt8](repeating: 120, count: 256 << 10)))
                }
            })
        let client = try server.client(receiveBuffer: 4096)
        client.send(String(repeating: "GET /counted HTTP/1.1\r\nHost: test\r\n\r\n", count: 400))
        #expect(server.observer.wait { $0.closed == 1 })
        // 400 answers are 100 MiB; what was made is what the kernel's buffers and one output buffer hold.
        #expect(handled.withLock { $0 } < 100)
    }

    @Test("one connection too many is told 503 and closed, and a place that becomes free is given away")
    func connectionLimit() throws {
        let server = try TestServer { $0.maximumConnections = 2 }
        let first = try server.client()
        let second = try server.client()
        #expect(first.get("/hello").head.status == 200)
        #expect(second.get("/hello").head.status == 200)
        let third = try server.client()
        let answer = third.readResponse()
        #expect(answer.head.status == 503)
        #expect(answer.head.field("Retry-After") == "1")
        #expect(answer.head.field("X-Request-ID") != nil)
        #expect(third.isAtEnd())
        third.close()
        first.close()
        #expect(server.observer.wait { $0.closed == 1 })
        // The refused one may still linger for a moment; it does not count once it is gone.
        var status = 0
        for _ in 0..<10_000 where status != 200 { status = try server.client().get("/hello").head.status }
        #expect(status == 200)
    }

    @Test("the pool and its queue full, the next request is told 503 and the others are answered")
    func offloadOverflow() throws {
        let gate = Gate()
        let server = try TestServer(
            {
                $0.offloadThreads = 1
                $0.offloadQueueLimit = 2
            },
            routes: {
                $0.add(.get, "/gated", .offloaded) { _ in
                    gate.pass()
                    return TestServer.text("through")
                }
            })
        let running = try server.client()
        running.send("GET /gated HTTP/1.1\r\nHost: test\r\n\r\n")
        gate.awaitArrival()
        let queued = try (0..<2).map { _ in try server.client() }
        for client in queued {
            client.send("GET /gated HTTP/1.1\r\nHost: test\r\n\r\n")
        }
        // One loop takes them in the order they came, so a probe that is answered inline comes after both.
        var refused = try server.client().get("/gated")
        #expect(refused.head.status == 503)
        #expect(refused.head.field("Retry-After") == "1")
        refused = try server.client().get("/hello")
        #expect(refused.head.status == 200)
        for client in [running] + queued {
            gate.open()
            #expect(client.readResponse().content == Array("through".utf8))
        }
    }

    @Test(
        "a reset at any point leaves the server answering",
        arguments: [
            "", "GE", "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n", "GET /slow-echo/x HTTP/1.1\r\nHost: test\r\n\r\n",
            "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc",
            "GET /large HTTP/1.1\r\nHost: test\r\n\r\n",
            "GET /bad HTTP/1.1\r\n\r\n",
            "POST /upload HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ])
    func resets(sent: String) throws {
        let server = try TestServer()
        for _ in 0..<10 {
            let client = try server.client()
            client.send(sent)
            client.reset()
        }
        #expect(server.observer.wait { $0.accepted == 10 && $0.closed == 10 })
        #expect(try server.client().get("/hello").content == "hello")
    }
}
