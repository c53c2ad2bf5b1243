import Dispatch
import HTTP
import HTTPServer
import Locking
import TestSupport
import Testing

/// Keeps the responders that handlers were given, for the test to call when it likes, or to let go of.
private final class Responders: Sendable {
    typealias Respond = @Sendable (HTTPResponse) -> Void

    private let waiting = Lock<[Respond]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func keep(_ respond: @escaping Respond) {
        waiting.withLock { $0.append(respond) }
        arrivals.signal()
    }

    /// The oldest one, once it is there.
    func next() -> Respond {
        #expect(arrivals.wait(timeout: .now() + .seconds(20)) == .success)
        return waiting.withLock { $0.removeFirst() }
    }

    /// Lets go of the oldest one without calling it.
    func dropNext() { _ = next() }
}

/// A consumer that leaves its answer to the test.
private final class DeferringConsumer: RequestBodyConsumer {
    private let responders: Responders
    let loopLimit: Int

    init(_ responders: Responders, loopLimit: Int = 0) {
        self.responders = responders
        self.loopLimit = loopLimit
    }

    func consume(_ chunk: [UInt8]) -> HTTPResponse? { nil }
    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void) { responders.keep(respond) }
    func cancel() {}
}

/// The ways to answer later.
enum Deferral: String, CaseIterable, Sendable {
    case handler = "/deferred"
    case consumer = "/consumed"
    case consumerOnLoop = "/consumed-on-the-loop"

    var request: String { "POST \(rawValue) HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi" }
}

@Suite("Server: answers that come later", .timeLimit(.minutes(1)))
struct DeferredAnswerTests {
    private let responders = Responders()

    private func server(_ configure: (inout ServerConfiguration) -> Void = { _ in }) throws -> TestServer {
        try TestServer(configure) { [responders] router in
            router.addDeferred(.post, Deferral.handler.rawValue) { _, respond in responders.keep(respond) }
            router.addStreaming(.post, Deferral.consumer.rawValue) { _ in .taken(by: DeferringConsumer(responders)) }
            router.addStreaming(.post, Deferral.consumerOnLoop.rawValue) { _ in
                .taken(by: DeferringConsumer(responders, loopLimit: 2))
            }
            router.addDeferred(.post, "/at-once") { request, respond in
                respond(HTTPResponse(status: .ok, body: .bytes(request.body)))
            }
        }
    }

    private let hello = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n"

    @Test("a handler that answers before it returns is answered as any other")
    func atOnce() throws {
        let server = try server()
        let client = try server.client()
        client.send("POST /at-once HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi" + hello)
        #expect(client.readResponse().content == Array("hi".utf8))
        #expect(client.readResponse().content == Array("hello".utf8))
    }

    @Test("an answer from another thread comes, and the connection goes on", arguments: Deferral.allCases)
    func later(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        for text in ["first", "second"] {
            client.send(deferral.request)
            let respond = responders.next()
            DispatchQueue.global().async { respond(TestServer.text(text)) }
            #expect(client.readResponse().content == Array(text.utf8))
        }
        #expect(client.get("/hello").content == "hello")
    }

    @Test("requests behind it keep their order, and other connections do not wait", arguments: Deferral.allCases)
    func order(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request + hello + deferral.request + hello)
        let respond = responders.next()
        #expect(try server.client().get("/hello").content == "hello")
        respond(TestServer.text("one"))
        #expect(client.readResponse().content == Array("one".utf8))
        #expect(client.readResponse().content == Array("hello".utf8))
        responders.next()(TestServer.text("two"))
        #expect(client.readResponse().content == Array("two".utf8))
        #expect(client.readResponse().content == Array("hello".utf8))
    }

    @Test("a second answer is ignored, before and after the next request", arguments: Deferral.allCases)
    func twice(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request)
        let first = responders.next()
        first(TestServer.text("first"))
        first(TestServer.text("again"))
        #expect(client.readResponse().content == Array("first".utf8))
        client.send(deferral.request)
        let second = responders.next()
        // The connection waits for an answer just now, but not for this one.
        first(TestServer.text("much later"))
        second(TestServer.text("second"))
        #expect(client.readResponse().content == Array("second".utf8))
        #expect(client.get("/hello").content == "hello")
    }

    @Test("an answer to a client that went away is dropped", arguments: Deferral.allCases)
    func clientGone(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request)
        let respond = responders.next()
        client.reset()
        #expect(server.observer.wait { $0.closed == 1 })
        respond(TestServer.text("too late"))
        #expect(try server.client().get("/hello").content == "hello")
        #expect(server.observer.current.finished.map(\.route) == ["/hello"])
    }

    @Test("a client that has ended its side still gets the answer", arguments: Deferral.allCases)
    func halfClosed(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request)
        client.shutdownWriting()
        responders.next()(TestServer.text("answer"))
        #expect(client.readResponse().content == Array("answer".utf8))
        #expect(client.isAtEnd())
    }

    @Test("the idle and body timeouts do not run while an answer is awaited", arguments: Deferral.allCases)
    func noTimeout(deferral: Deferral) throws {
        let server = try server {
            $0.idleTimeout = .milliseconds(20)
            $0.bodyTimeout = .milliseconds(20)
            $0.fieldSectionTimeout = .milliseconds(20)
        }
        let client = try server.client()
        client.send(deferral.request)
        let respond = responders.next()
        // A connection that does nothing is closed after the same time, so that time has passed when this one ends.
        #expect(try server.client().isAtEnd())
        respond(TestServer.text("answer"))
        #expect(client.readResponse().content == Array("answer".utf8))
    }

    @Test("a responder that is let go of answers 500, and the connection goes on", arguments: Deferral.allCases)
    func neverAnswered(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request + hello)
        responders.dropNext()
        #expect(client.readResponse().head.status == 500)
        #expect(client.readResponse().content == Array("hello".utf8))
    }

    @Test("a drain waits for the answer, which says that it is the last", arguments: Deferral.allCases)
    func drain(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request + hello)
        let respond = responders.next()
        server.server.drain()
        respond(TestServer.text("last"))
        let answer = client.readResponse()
        #expect(answer.content == Array("last".utf8))
        #expect(answer.head.field("Connection") == "close")
        #expect(client.isAtEnd())
        server.server.wait()
    }

    @Test("a drain does not wait longer than its time, and a later answer does no harm", arguments: Deferral.allCases)
    func drainGivesUp(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request)
        let respond = responders.next()
        server.server.drain(within: .milliseconds(20))
        #expect(client.readToEnd().isEmpty)
        server.server.wait()
        respond(TestServer.text("too late"))
    }

    @Test("an answer that is a stream streams", arguments: Deferral.allCases)
    func stream(deferral: Deferral) throws {
        let server = try server()
        let client = try server.client()
        client.send(deferral.request)
        let stream = ResponseStream()
        responders.next()(HTTPResponse(status: .ok, body: .stream(stream)))
        stream.write(Array("event".utf8))
        stream.finish()
        _ = client.read(through: "\r\n\r\n")
        #expect(client.readChunked() == "event")
    }
}
