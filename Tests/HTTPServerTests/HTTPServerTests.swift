import TestSupport
import Testing

@testable import HTTP
@testable import HTTPServer

@Suite("Server: requests and answers", .timeLimit(.minutes(1)))
struct HTTPServerTests {
    @Test("one connection serves request after request, and each answer has Date and an id")
    func keepAlive() throws {
        let server = try TestServer()
        let client = try server.client()
        var identifiers: Set<String> = []
        for _ in 0..<5 {
            let (head, content) = client.get("/hello")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(content == "hello")
            #expect(head.field("Date")?.hasSuffix("GMT") == true)
            #expect(head.field("Connection") == nil)
            identifiers.insert(head.field("X-Request-ID") ?? "")
        }
        #expect(identifiers.count == 5 && identifiers.allSatisfy { $0.count == 32 })
        #expect(server.observer.wait { $0.finished.count == 5 })
        #expect(server.observer.current.accepted == 1)
    }

    @Test("a hundred pipelined requests are answered in order, whatever they need")
    func pipelining() throws {
        let server = try TestServer()
        let client = try server.client()
        let requests = (0..<100).map { index in
            "GET /\(index % 7 == 3 ? "slow-echo" : "echo")/\(index) HTTP/1.1\r\nHost: test\r\n\r\n"
        }
        client.send(requests.joined())
        for index in 0..<100 {
            let answer = client.readResponse()
            #expect(answer.head.status == 200)
            #expect(String(decoding: answer.content, as: UTF8.self) == "\(index)")
        }
    }

    @Test("HEAD is answered like GET without the content, and the connection goes on")
    func head() throws {
        let client = try TestServer().keepAliveClient()
        let (head, _) = client.get("/hello", method: "HEAD")
        #expect(head.status == 200)
        #expect(head.field("Content-Length") == "5")
        #expect(client.get("/hello").content == "hello")
    }

    @Test(
        "persistence follows the version and the Connection field",
        arguments: [
            ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false), ("HTTP/1.0", "", false),
            ("HTTP/1.0", "Connection: keep-alive\r\n", true), ("HTTP/1.1", "Connection: foo, CLOSE\r\n", false),
        ])
    func persistence(version: String, field: String, persists: Bool) throws {
        let server = try TestServer()
        let client = try server.client()
        client.send("GET /hello \(version)\r\nHost: test\r\n\(field)\r\n")
        let answer = client.readResponse()
        #expect(String(decoding: answer.content, as: UTF8.self) == "hello")
        if persists {
            #expect(client.get("/echo/again").content == "again")
        } else {
            #expect(client.isAtEnd())
        }
    }

    @Test(
        "methods and paths that are not answered say so, and the connection goes on",
        arguments: [
            ("GET", "/missing", 404, nil), ("POST", "/hello", 405, "GET, HEAD, OPTIONS"),
            ("OPTIONS", "/hello", 204, "GET, HEAD, OPTIONS"), ("OPTIONS", "*", 204, "GET, HEAD, POST, OPTIONS"),
            ("TRACE", "/hello", 405, "GET, HEAD, OPTIONS"), ("GET", "/hello/", 404, nil),
            ("DELETE", "/upload", 405, "POST, OPTIONS"), ("GET", "/echo/%ff", 400, nil),
        ] as [(String, String, Int, String?)])
    func routing(method: String, path: String, status: Int, allow: String?) throws {
        let server = try TestServer()
        let client = try server.client()
        let (head, _) = client.get(path, method: method)
        #expect(head.status == status)
        #expect(head.field("Allow") == allow)
        #expect(head.field("X-Request-ID") != nil)
        #expect(client.get("/hello").content == "hello")
    }

    @Test(
        "the caller's request id is kept if it is sane",
        arguments: [
            ("abc-123", true), (String(repeating: "x", count: 128), true), (String(repeating: "x", count: 129), false),
            ("two words", false), ("caf\u{e9}", false),
        ])
    func requestID(identifier: String, isKept: Bool) throws {
        let client = try TestServer().keepAliveClient()
        let (head, content) = client.get("/id", fields: "X-Request-ID: \(identifier)\r\n")
        #expect((head.field("X-Request-ID") == identifier) == isKept)
        #expect(head.field("X-Request-ID") == content)
    }

    @Test("a handler cannot break the framing")
    func framingIsTheServers() throws {
        let client = try TestServer().keepAliveClient()
        let lying = client.get("/lying")
        #expect(lying.head.field("Content-Length") == "1")
        #expect(lying.content == "A")
        let nothing = client.get("/nothing")
        #expect(nothing.head.status == 204)
        #expect(client.get("/hello").content == "hello")
    }

    @Test(
        "malformed requests are answered and the connection ends, after the answers before it",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
            ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 33_000))\r\n\r\n", 431),
            ("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ("POST /upload HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417),
        ])
    func malformed(request: String, status: Int) throws {
        let server = try TestServer()
        let client = try server.client()
        client.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n" + request + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.readResponse().content == Array("hello".utf8))
        let answer = client.readResponse()
        #expect(answer.head.status == status)
        #expect(answer.head.field("Connection") == "close")
        #expect(answer.head.field("X-Request-ID") != nil)
        #expect(client.isAtEnd())
        #expect(server.observer.wait { $0.failed == [status] })
    }

    @Test("a client that has shut its side down still gets every answer", arguments: ["echo", "slow-echo"])
    func halfClosed(route: String) throws {
        let server = try TestServer()
        let client = try server.client()
        client.send((0..<3).map { "GET /\(route)/\($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
        client.shutdownWriting()
        for index in 0..<3 {
            #expect(String(decoding: client.readResponse().content, as: UTF8.self) == "\(index)")
        }
        #expect(client.isAtEnd())
    }

    @Test("a megabyte arrives whole at a client with a small buffer")
    func largeAnswer() throws {
        let server = try TestServer()
        let client = try server.client(receiveBuffer: 65_536)
        #expect(client.get("/large").content.utf8.count == 1 << 20)
        #expect(client.get("/hello").content == "hello")
    }

    @Test("several loops share one port")
    func severalLoops() throws {
        let server = try TestServer { $0.loopCount = 3 }
        for _ in 0..<20 { #expect(try server.client().get("/slow-echo/x").content == "x") }
        #expect(server.observer.wait { $0.accepted == 20 && $0.closed == 20 })
    }
}

extension TestServer {
    /// A client that keeps the server alive as long as itself is not what a test needs to spell out.
    func keepAliveClient() throws -> ServerClient { ServerClient(server: self, client: try client()) }
}

/// A client together with its server.
struct ServerClient {
    let server: TestServer
    let client: RawClient

    func get(_ path: String, fields: String = "", method: String = "GET") -> (head: String, content: String) {
        client.get(path, fields: fields, method: method)
    }
}
