import HTTP
import Locking
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Server: gzip both ways", .timeLimit(.minutes(1)))
struct ContentCodingTests {
    private static let text = Array(String(repeating: "{\"user_id\":\"42\",\"item_id\":\"17\"}\n", count: 100).utf8)

    private func upload(
        _ content: [UInt8], to path: String = "/upload", coding: String = "gzip", _ client: RawClient
    ) -> (head: String, content: [UInt8]) {
        client.send(
            "POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Encoding: \(coding)\r\nContent-Length: \(content.count)\r\n\r\n"
        )
        client.send(content)
        return client.readResponse()
    }

    private func compressed(_ content: [UInt8]) throws -> [UInt8] { try #require(ResponseCompression.gzip(content)) }

    @Test(
        "gzip content is expanded for the handler, two members as one", arguments: ["gzip", "X-GZIP", "identity, gzip"])
    func gathered(coding: String) throws {
        let client = try TestServer().keepAliveClient()
        let content = try compressed(Self.text) + compressed(Array("end".utf8))
        #expect(upload(content, coding: coding, client.client).content == Self.text + Array("end".utf8))
        #expect(upload(Self.text, coding: "identity", client.client).content == Self.text)
        #expect(upload([], client.client).content.isEmpty)
        #expect(client.get("/hello").content == "hello")
    }

    @Test("gzip content is expanded for a consumer, octet by octet too")
    func consumed() throws {
        let consumer = CountingConsumer()
        let server = try TestServer(routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let client = try server.client()
        let content = try compressed(Self.text)
        client.send(
            "POST /stream HTTP/1.1\r\nHost: test\r\nContent-Encoding: gzip\r\nContent-Length: \(content.count)\r\n\r\n")
        for byte in content { client.send([byte]) }
        #expect(client.readResponse().content == Array("\(Self.text.count)".utf8))
        #expect(consumer.log.withLock { $0.bytes } == Self.text)
    }

    @Test("what is no gzip, or not all of it, is 400; another coding is 415 and the connection goes on")
    func refused() throws {
        let server = try TestServer()
        #expect(try upload(Array("plain".utf8), server.client()).head.status == 400)
        #expect(try upload(Array(compressed(Self.text).dropLast()), server.client()).head.status == 400)
        for coding in ["br", "gzip, gzip", "deflate"] {
            let client = try server.client()
            let (head, _) = upload(Self.text, coding: coding, client)
            #expect(head.status == 415 && head.field("Accept-Encoding") == "gzip")
            #expect(client.get("/hello").content == "hello")
        }
    }

    @Test("expanded content has the limit of any other content", arguments: [(3200, 200), (3199, 413)])
    func lengthLimit(limit: Int, status: Int) throws {
        let server = try TestServer { $0.maximumBodyLength = limit }
        #expect(Self.text.count == 3200)
        #expect(try upload(compressed(Self.text), server.client()).head.status == status)
    }

    @Test("a bomb is refused while it goes off", arguments: [(2, 413), (4000, 200)])
    func bomb(expansion: Int, status: Int) throws {
        let consumer = CountingConsumer()
        let server = try TestServer(
            { $0.maximumExpansion = expansion },
            routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let content = try compressed([UInt8](repeating: 0, count: 4 << 20))
        #expect(try upload(content, to: "/stream", server.client()).head.status == status)
        #expect(consumer.log.withLock { $0.bytes.count } <= (status == 200 ? 4 << 20 : 1 << 20))
    }

    @Test(
        "who accepts gzip, by the weights of the field",
        arguments: [
            ([], false), (["gzip"], true), (["br, GZIP"], true), (["deflate"], false), (["*"], true),
            (["gzip;q=0"], false), (["gzip; q=0.5, identity"], false), (["gzip;q=0.5, identity;q=0.5"], true),
            (["*;q=0"], false), (["gzip;q=0, *"], false), (["identity", "gzip"], true), ([""], false),
            (["gzip;q=x"], false), (["x-gzip"], true), (["gzip ;\tQ=0.001"], true), (["gzip;q=0.0001"], false),
            (["gzip;q=1.5"], false), (["gzip;q="], false), (["gzip;a=b;q=0"], false), (["gzip;q=0;q=1"], false),
            ([",, gzip ,"], true), (["gzip;q=0.2, *;q=1"], true), (["gzipped"], false),
            (["identity;q=0.999, gzip;q=1.000"], true),
        ] as [([String], Bool)])
    func acceptance(fields: [String], isWelcome: Bool) {
        var head = HTTPFields()
        for field in fields { head.append(.acceptEncoding, field) }
        #expect(head.welcomesGzip == isWelcome)
    }

    @Test("an answer is compressed from the threshold on, on the loop and on the pool", arguments: [1023, 1024])
    func answers(length: Int) throws {
        let content = [UInt8](repeating: 120, count: length)
        let server = try TestServer(routes: { router in
            for (path, mode) in [("/inline", HandlerMode.inline), ("/offloaded", .offloaded)] {
                router.add(.get, path, mode) { _ in
                    HTTPResponse(status: .ok, fields: [.contentType: "application/json"], body: .bytes(content))
                }
            }
        })
        let client = try server.client()
        for path in ["/inline", "/offloaded"] {
            let plain = client.get(path)
            #expect(plain.content.utf8.elementsEqual(content))
            #expect(plain.head.field("Vary") == (length == 1024 ? "Accept-Encoding" : nil))
            client.send("GET \(path) HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n")
            let answer = client.readResponse()
            #expect((answer.head.field("Content-Encoding") == "gzip") == (length == 1024))
            #expect(try expanded(answer) == content)
        }
    }

    @Test(
        "what is not worth it or not to be touched is sent as it is",
        arguments: [
            ([.contentType: "image/png"], nil), ([:], nil), ([.contentType: "text/plain", .entityTag: "\"1\""], nil),
            ([.contentType: "text/html", .contentEncoding: "br"], nil),
            ([.contentType: "application/problem+json; charset=utf-8"], "Accept-Encoding"),
            ([.contentType: "text/csv", .entityTag: "W/\"1\"", .vary: "Origin"], "Origin, Accept-Encoding"),
            ([.contentType: "text/csv", .vary: "*"], "*"),
        ] as [(HTTPFields, String?)])
    func untouched(fields: HTTPFields, vary: String?) throws {
        var response = HTTPResponse(status: .ok, fields: fields, body: .bytes(Self.text))
        var request = HTTPRequest()
        var parser = HTTPRequestParser()
        _ = try parser.parse(
            Array("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n".utf8).span, into: &request)
        ResponseCompression(threshold: 1024).apply(to: &response, for: request)
        #expect((response.fields[.contentEncoding] == "gzip") == (vary != nil))
        #expect(response.fields[.vary] == vary)
    }

    private func expanded(_ answer: (head: String, content: [UInt8])) throws -> [UInt8] {
        guard answer.head.field("Content-Encoding") == "gzip" else { return answer.content }
        var output: [UInt8] = []
        let inflater = GzipInflater(maximumExpansion: 2000, maximumLength: nil)
        var rest = answer.content[...]
        var allowance = Int.max
        inflater.receive(rest.count)
        try inflater.inflate(&rest, into: &output, allowance: &allowance)
        try inflater.finish()
        return output
    }

    @Test(
        "content that expands far is expanded whole, with others served in between, however it comes",
        arguments: [1, 4096, 1 << 20])
    func expandedInTurns(pieceLength: Int) throws {
        let text = (0..<60_000).flatMap { Array("\($0 % 9973),".utf8) } + [UInt8](repeating: 0, count: 3 << 20)
        let content = try compressed(text) + compressed(Self.text)
        let consumer = CountingConsumer()
        let server = try TestServer(routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let clients = try (0..<3).map { _ in try server.client() }
        for (index, client) in clients.enumerated() {
            client.send(
                "POST \(index == 0 ? "/stream" : "/upload") HTTP/1.1\r\nHost: test\r\nContent-Encoding: gzip\r\n"
                    + "Content-Length: \(content.count)\r\n\r\n")
        }
        let length = pieceLength == 1 ? 999 : pieceLength
        for start in stride(from: 0, to: content.count, by: length) {
            for client in clients { client.send(Array(content[start..<min(start + length, content.count)])) }
        }
        let expected = text + Self.text
        for client in clients.dropFirst() { #expect(client.readResponse().content == expected) }
        #expect(clients[0].readResponse().content == Array("\(expected.count)".utf8))
        #expect(consumer.log.withLock { $0.bytes } == expected)
        for client in clients { #expect(client.get("/hello").content == "hello") }
    }

    @Test("an intake expands no more at once than it is allowed, and loses nothing")
    func allowance() throws {
        let text = [UInt8](repeating: 7, count: 1 << 20)
        let content = try compressed(text)
        let decoder = HTTPBodyDecoder(
            framing: .contentLength(UInt64(content.count)), limits: HTTPRequestParser.Limits(), maximumLength: nil)
        let inflater = GzipInflater(maximumExpansion: 10_000, maximumLength: nil)
        let intake = Intake(.gathered, decoder, inflater)
        var start = 0
        var piece: [UInt8] = []
        var calls = 0
        while !intake.isOver {
            let before = intake.body.count
            var consumed = 0
            try intake.take(content[start...], allowance: 10_000, piece: &piece, consumed: &consumed)
            start += consumed
            #expect(intake.body.count - before <= 10_000 + (16 << 10))
            calls += 1
        }
        #expect(calls > 30 && intake.takeBody() == text)
    }

    @Test(
        "a client that goes away while its content is being expanded leaves nothing behind",
        arguments: ["/stream", "/upload"])
    func goneWhileExpanding(path: String) throws {
        let consumer = CountingConsumer()
        let server = try TestServer(routes: { $0.addStreaming(.post, "/stream") { _ in .taken(by: consumer) } })
        let content = try compressed([UInt8](repeating: 0, count: 12 << 20))
        for _ in 0..<5 {
            let client = try server.client()
            client.send(
                "POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Encoding: gzip\r\n"
                    + "Content-Length: \(content.count + 1)\r\n\r\n")
            client.send(content)
            client.reset()
        }
        #expect(server.observer.wait { $0.closed == 5 })
        #expect(try server.client().get("/hello").content == "hello")
    }
}
