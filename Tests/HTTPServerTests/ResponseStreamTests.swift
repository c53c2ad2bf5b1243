import Dispatch
import HTTP
import HTTPServer
import Locking
import TestSupport
import Testing

@Suite("Server: streamed answers", .timeLimit(.minutes(1)))
struct ResponseStreamTests {
    private func server(_ makeStream: @escaping @Sendable () -> ResponseStream) throws -> TestServer {
        try TestServer(routes: { router in
            router.add(.get, "/stream") { _ in HTTPResponse(status: .ok, body: .stream(makeStream())) }
        })
    }

    private let request = "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n"

    @Test("what another thread writes arrives in chunks as it is written, and the connection goes on")
    func pushes() throws {
        let stream = ResponseStream()
        let server = try server { stream }
        let client = try server.client()
        client.send(request)
        let head = client.read(through: "\r\n\r\n")
        #expect(head.field("Transfer-Encoding") == "chunked")
        for word in ["one", "two"] {
            #expect(stream.write(Array(word.utf8)))
            #expect(client.read(through: "\(word)\r\n") == "3\r\n\(word)\r\n")
        }
        stream.finish()
        #expect(client.read(through: "0\r\n\r\n") == "0\r\n\r\n")
        #expect(!stream.write([1]))
        #expect(client.get("/hello").content == "hello")
    }

    @Test("the octets told of a streamed answer are those of the wire, whatever was sent before it")
    func toldOctets() throws {
        let streams = Lock<[ResponseStream]>([])
        let server = try server {
            let stream = ResponseStream()
            streams.withLock { $0.append(stream) }
            return stream
        }
        let client = try server.client()
        for round in 1...3 {
            #expect(client.get("/hello").content == "hello")
            client.send(request)
            let head = client.read(through: "\r\n\r\n")
            for word in ["one", "two"] {
                _ = streams.withLock { $0.last?.write(Array(word.utf8)) }
                _ = client.read(through: "\(word)\r\n")
            }
            streams.withLock { $0.last?.finish() }
            _ = client.read(through: "0\r\n\r\n")
            #expect(server.observer.wait { $0.finished.count == 2 * round })
            let chunks = "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
            #expect(server.observer.current.finished.last?.bytesOut == head.utf8.count + chunks.utf8.count)
        }
    }

    @Test("to HTTP/1.0 it is delimited by the close")
    func oldVersion() throws {
        let server = try server {
            let stream = ResponseStream()
            stream.write(Array("all".utf8))
            stream.finish()
            return stream
        }
        let client = try server.client()
        client.send("GET /stream HTTP/1.0\r\n\r\n")
        let head = client.read(through: "\r\n\r\n")
        #expect(head.field("Transfer-Encoding") == nil && head.field("Connection") == "close")
        #expect(client.readToEnd() == Array("all".utf8))
    }

    @Test("HEAD gets the head alone, and the stream is closed")
    func head() throws {
        let stream = ResponseStream()
        let server = try server { stream }
        let client = try server.client()
        #expect(client.get("/stream", method: "HEAD").head.status == 200)
        #expect(client.get("/hello").content == "hello")
        #expect(stream.isClosed)
    }

    @Test("a promised length is kept: more is dropped, less cuts the connection", arguments: [(5, true), (20, false)])
    func promisedLength(length: UInt64, isKept: Bool) throws {
        let server = try server {
            let stream = ResponseStream(contentLength: length)
            stream.write(Array("0123456789".utf8))
            stream.finish()
            return stream
        }
        let client = try server.client()
        client.send(request)
        let head = client.read(through: "\r\n\r\n")
        #expect(head.field("Content-Length") == "\(length)")
        if isKept {
            #expect(client.read(exactly: 5) == Array("01234".utf8))
            #expect(client.get("/hello").content == "hello")
        } else {
            #expect(client.readToEnd().count < 20)
        }
    }

    @Test("a stream that refills itself is asked only when the client has taken what there was")
    func refills() throws {
        let calls = Lock(0)
        let server = try server {
            ResponseStream(refill: { stream in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                if call > 50 { stream.finish() } else { stream.write([UInt8](repeating: 120, count: 100_000)) }
            })
        }
        let client = try server.client(receiveBuffer: 65_536)
        client.send(request)
        _ = client.read(through: "\r\n\r\n")
        #expect(client.readChunked().utf8.count == 5_000_000)
        #expect(calls.withLock { $0 } == 51)
        #expect(client.get("/hello").content == "hello")
    }

    @Test("the buffer takes exactly its limit while the client does not read")
    func boundedBuffer() {
        let stream = ResponseStream(bufferLimit: 10)
        #expect(stream.write([UInt8](repeating: 1, count: 10)))
        #expect(!stream.write([1]))
        #expect(!stream.isClosed)
    }

    @Test("a client that goes away closes the stream")
    func clientGone() throws {
        let stream = ResponseStream()
        let closed = DispatchSemaphore(value: 0)
        stream.onClose { closed.signal() }
        let server = try server { stream }
        let client = try server.client()
        client.send(request)
        _ = client.read(through: "\r\n\r\n")
        client.reset()
        closed.wait()
        #expect(stream.isClosed && !stream.write([1]))
        let late = DispatchSemaphore(value: 0)
        stream.onClose { late.signal() }
        #expect(late.wait(timeout: .now()) == .success)
        withExtendedLifetime(server) {}
    }

    @Test("an aborted stream cuts the connection without the last chunk")
    func aborts() throws {
        let stream = ResponseStream()
        let server = try server { stream }
        let client = try server.client()
        client.send(request)
        _ = client.read(through: "\r\n\r\n")
        stream.abort()
        #expect(client.readToEnd().isEmpty)
    }
}
