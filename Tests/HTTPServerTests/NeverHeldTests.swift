import Glibc
import HTTP
import Locking
import TestSupport
import Testing

@testable import HTTPServer
@testable import Networking

/// Clients that would hold the server if they could, by a clock that the tests move.
@Suite("Server: never held", .timeLimit(.minutes(1)))
struct NeverHeldTests {
    private let clock = ManualClock()

    /// Has one connection's state known to be what its client's octets have made of it: a later connection on the same
    /// loop is answered after they were read.
    private func settle(_ server: TestServer) throws {
        #expect(try server.client().get("/hello").content == "hello")
    }

    @Test("a resting connection is served until its time is over, and then closed")
    func idle() throws {
        let server = try TestServer(clock: clock) { $0.idleTimeout = .seconds(60) }
        let client = try server.client()
        #expect(client.get("/hello").content == "hello")
        server.advance(clock, by: .milliseconds(59_999))
        #expect(client.get("/hello").content == "hello")
        server.advance(clock, by: .milliseconds(59_999))
        #expect(client.get("/hello").content == "hello")
        server.advance(clock, by: .seconds(60))
        #expect(client.isAtEnd())
    }

    @Test("a head has its time from the first octet on, not from the last")
    func slowHead() throws {
        let server = try TestServer(clock: clock) { $0.fieldSectionTimeout = .seconds(10) }
        let client = try server.client()
        for octet in ["G", "E", "T"] {
            client.send(octet)
            try settle(server)
            server.advance(clock, by: .milliseconds(3_333))
        }
        client.send(" ")
        try settle(server)
        #expect(server.observer.current.failed.isEmpty)
        server.advance(clock, by: .milliseconds(1))
        #expect(client.readResponse().head.status == 408)
        #expect(client.isAtEnd())
    }

    @Test("a body must make progress: what is enough goes on, one octet less is 408", arguments: [1024, 1023])
    func slowBody(octets: Int) throws {
        let server = try TestServer(clock: clock) {
            $0.bodyTimeout = .seconds(30)
            $0.minimumProgress = 1024
        }
        let client = try server.client()
        client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 2048\r\n\r\n")
        try settle(server)
        server.advance(clock, by: .milliseconds(29_999))
        client.send([UInt8](repeating: 120, count: octets))
        try settle(server)
        server.advance(clock, by: .milliseconds(1))
        if octets == 1024 {
            client.send([UInt8](repeating: 120, count: 1024))
            #expect(client.readResponse().content.count == 2048)
        } else {
            #expect(client.readResponse().head.status == 408)
            #expect(client.isAtEnd())
        }
    }

    @Test("a slow reader of a stream meets a bounded buffer, and is cut when it takes nothing for too long")
    func slowStreamReader() throws {
        let stream = ResponseStream(bufferLimit: 100_000)
        let server = try TestServer(
            clock: clock, { $0.writeTimeout = .seconds(30) },
            routes: { $0.add(.get, "/stream") { _ in HTTPResponse(status: .ok, body: .stream(stream)) } })
        let client = try server.client(receiveBuffer: 4096)
        client.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = client.read(through: "\r\n\r\n")
        let piece = [UInt8](repeating: 120, count: 50_000)
        // Whatever the kernel takes, the stream ends up full: two pieces in it, and the third refused.
        var refusals = 0
        while refusals < 3 {
            if stream.write(piece) { refusals = 0 } else { refusals += 1 }
            try settle(server)
        }
        #expect(!stream.isClosed)
        // The kernel may have taken a little more meanwhile, which is progress; it does not go on for ever.
        while !stream.isClosed {
            server.advance(clock, by: .seconds(30))
            try settle(server)
        }
        #expect(server.observer.wait { seen in seen.accepted == seen.closed })
    }

    @Test("a stream that has nothing to say beats, and only then")
    func heartbeat() throws {
        let stream = ResponseStream(heartbeat: (.seconds(15), Array(":\n\n".utf8)))
        let server = try TestServer(
            clock: clock,
            routes: { $0.add(.get, "/stream") { _ in HTTPResponse(status: .ok, body: .stream(stream)) } })
        let client = try server.client()
        client.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = client.read(through: "\r\n\r\n")
        for _ in 0..<2 {
            server.advance(clock, by: .seconds(15))
            #expect(client.read(through: ":\n\n\r\n") == "3\r\n:\n\n\r\n")
        }
        server.advance(clock, by: .milliseconds(14_999))
        // What is written in a turn counts from the turn's beginning, which may lie before the clock was moved.
        try settle(server)
        stream.write(Array("event".utf8))
        #expect(client.read(through: "event\r\n") == "5\r\nevent\r\n")
        server.advance(clock, by: .milliseconds(14_999))
        stream.finish()
        #expect(client.read(through: "0\r\n\r\n") == "0\r\n\r\n")
    }

    @Test("one client has its share of the connections, and no more")
    func connectionsPerClient() throws {
        let server = try TestServer { $0.maximumConnectionsPerClient = 2 }
        let clients = try (0..<2).map { _ in try server.client() }
        for client in clients { #expect(client.get("/hello").content == "hello") }
        let third = try server.client()
        #expect(third.readResponse().head.status == 503)
        #expect(third.isAtEnd())
        for client in clients { #expect(client.get("/hello").content == "hello") }
    }

    @Test("clients are counted apart, refusals have a bound of their own, and what is closed is forgotten")
    func connectionCount() throws {
        var configuration = ServerConfiguration()
        configuration.maximumConnections = 4
        configuration.maximumRefusals = 1
        configuration.maximumConnectionsPerClient = 2
        let count = ConnectionCount(configuration)
        let (one, other) = (try #require(address("192.0.2.1")), try #require(address("192.0.2.2")))
        #expect((0..<4).map { _ in count.add(one) } == [.served, .served, .refused, .dropped])
        #expect((0..<2).map { _ in count.add(other) } == [.served, .refused])
        #expect(count.add(nil) == .dropped)
        for _ in 0..<3 { count.remove(one) }
        #expect((0..<3).map { _ in count.add(one) } == [.served, .served, .refused])
    }

    @Test("an IPv6 client is its /64")
    func clientAddresses() throws {
        #expect(address("2001:db8::1") == address("2001:db8::ffff:1"))
        #expect(address("2001:db8::1") != address("2001:db8:0:1::1"))
        #expect(address("192.0.2.1") != address("192.0.2.2"))
    }

    private func address(_ host: String) -> ClientAddress? {
        var storage = sockaddr_storage()
        unsafe SocketAddress(host: host, port: 0)?.withSockaddr { address, length in
            unsafe _ = memcpy(&storage, address, Int(length))
        }
        return ClientAddress(storage)
    }

    @Test("connections that queue up while the loop is busy, more than the queue holds, are all served in the end")
    func fullListenQueue() async throws {
        let gate = Gate()
        let server = try TestServer(
            { $0.backlog = 4 },
            routes: {
                $0.add(.get, "/gated") { _ in
                    gate.pass()
                    return TestServer.text("through")
                }
            })
        let blocker = try server.client()
        blocker.send("GET /gated HTTP/1.1\r\nHost: test\r\n\r\n")
        gate.awaitArrival()
        let port = server.port
        let connecting = Lock(0)
        await withTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        try? SystemThread.start {
                            connecting.withLock { $0 += 1 }
                            let content = try? RawClient(port: port).get("/hello").content
                            continuation.resume(returning: content ?? "refused")
                        }
                    }
                }
            }
            while connecting.withLock({ $0 }) < 8 { sched_yield() }
            gate.open()
            for await content in group { #expect(content == "hello") }
        }
        #expect(blocker.readResponse().content == Array("through".utf8))
    }
}
