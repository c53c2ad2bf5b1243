import Dispatch
import HTTP
import HTTPServer
import Locking
import TestSupport
import Testing

@Suite("Server: the graceful end", .timeLimit(.minutes(1)))
struct DrainTests {
    @Test("a server that rests ends at once, and its clients see the end")
    func resting() throws {
        let server = try TestServer()
        let client = try server.client()
        #expect(client.get("/hello").content == "hello")
        server.drainAndWait()
        #expect(client.isAtEnd())
        #expect(throws: RawClient.ConnectFailed.self) { _ = try server.client() }
        #expect(server.observer.current.closed == 1)
    }

    @Test("what the pool is working on is answered, says that it is the last, and only then the loops end")
    func offloadedInFlight() throws {
        let gate = Gate()
        let server = try TestServer(routes: {
            $0.add(.get, "/gated", .offloaded) { _ in
                gate.pass()
                return TestServer.text("finished")
            }
        })
        let client = try server.client()
        client.send("GET /gated HTTP/1.1\r\nHost: test\r\n\r\nGET /hello HTTP/1.1\r\nHost: test\r\n\r\n")
        gate.awaitArrival()
        server.server.drain()
        gate.open()
        let answer = client.readResponse()
        #expect(answer.content == Array("finished".utf8))
        #expect(answer.head.field("Connection") == "close")
        #expect(client.isAtEnd())
        server.server.wait()
    }

    @Test("a body that is still coming is awaited and answered")
    func bodyInFlight() throws {
        let consumer = CountingConsumer()
        let server = try TestServer(routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        #expect(client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        server.server.drain()
        client.send("abc")
        let answer = client.readResponse()
        #expect(answer.content == Array("3".utf8) && answer.head.field("Connection") == "close")
        #expect(client.isAtEnd())
        server.server.wait()
    }

    @Test("a stream of events is told to finish, and ends in good order")
    func streamInFlight() throws {
        let stream = ResponseStream()
        let server = try TestServer(routes: {
            $0.add(.get, "/events") { _ in HTTPResponse(status: .ok, body: .stream(stream)) }
        })
        let client = try server.client()
        client.send("GET /events HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = client.read(through: "\r\n\r\n")
        stream.write(Array("event".utf8))
        #expect(client.read(through: "event\r\n") == "5\r\nevent\r\n")
        server.server.drain()
        #expect(client.readToEnd() == Array("0\r\n\r\n".utf8))
        server.server.wait()
    }

    @Test("connections that were accepted but have sent nothing get a moment for their request")
    func freshConnection() throws {
        let server = try TestServer { $0.drainGrace = .seconds(20) }
        let client = try server.client()
        server.server.drain()
        client.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n")
        let answer = client.readResponse()
        #expect(answer.content == Array("hello".utf8))
        #expect(client.isAtEnd())
        server.server.wait()
    }

    @Test("what does not end in time is cut off, and a stuck consumer is cancelled")
    func givesUp() throws {
        let gate = Gate()
        let consumer = CountingConsumer(gate: gate)
        let server = try TestServer(routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\na")
        gate.awaitArrival()
        server.server.drain(within: .milliseconds(50))
        #expect(client.readToEnd().isEmpty)
        gate.open()
        consumer.ended.wait()
        #expect(consumer.log.withLock { $0.isCancelled })
        server.server.wait()
    }

    /// Connects once more for every connection that is accepted, as long as it is told to.
    private final class Flood: ServerObserver {
        let port = Lock<UInt16>(0)
        let clients = Lock<[RawClient]>([])
        static let greatest = 3000

        func connectionAccepted() {
            guard clients.withLock({ $0.count }) < Self.greatest,
                let client = try? RawClient(port: port.withLock { $0 })
            else { return }
            clients.withLock { $0.append(client) }
        }
    }

    @Test("clients that keep coming do not keep the server from its end")
    func floodedDrain() throws {
        let flood = Flood()
        var configuration = ServerConfiguration()
        configuration.backlog = 16
        configuration.maximumConnections = 100_000
        configuration.maximumConnectionsPerClient = 100_000
        configuration.drainGrace = .milliseconds(50)
        var router = Router()
        router.add(.get, "/drain") { _ in HTTPResponse(status: .ok) }
        let server = HTTPServer(configuration: configuration, router: router, observer: flood)
        let port = try server.start()
        flood.port.withLock { $0 = port }
        let first = try RawClient(port: port)
        server.drain()
        server.wait()
        withExtendedLifetime(first) {}
        #expect(flood.clients.withLock { $0.count } < Flood.greatest)
    }
}
