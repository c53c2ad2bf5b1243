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
            // Longer than any machine can make it in that time, one octet a call.
            $0.limits.fieldSection = 64 << 20
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
