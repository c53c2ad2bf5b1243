import HTTP
import HTTPServer
import TestSupport
import Testing

/// The forms of a target that only a whole server can answer.
@Suite struct TargetFormTests {
    @Test("a tunnel is refused, and the connection with it")
    func connect() throws {
        let server = try TestServer()
        let client = try server.client()
        let next = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
        client.send("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n" + next)
        let answer = client.readResponse()
        #expect(answer.head.status == 405)
        #expect(answer.head.field("Allow") == "GET, HEAD, POST, OPTIONS")
        // What follows may be meant for somebody behind the tunnel, and is not taken for a request.
        #expect(answer.head.field("Connection") == "close")
        #expect(client.isAtEnd())
    }

    @Test("an absolute target is served, and its authority counts")
    func absolute() throws {
        let server = try TestServer { _ in
        } routes: { router in
            router.add(.get, "/authority") { request in
                HTTPResponse(status: .ok, body: .bytes(Array((request.head.authority ?? "").utf8)))
            }
        }
        let client = try server.client()
        client.send("GET http://there:81/authority HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(client.readResponse().content == Array("there:81".utf8))
    }

    @Test("a target of https that did not come by TLS is misdirected, and the connection goes on")
    func misdirected() throws {
        let server = try TestServer()
        let client = try server.client()
        client.send("GET https://example.com/hello HTTP/1.1\r\nHost: example.com\r\n\r\n")
        #expect(client.readResponse().head.status == 421)
        client.send("GET http://example.com/hello HTTP/1.1\r\nHost: example.com\r\n\r\n")
        #expect(client.readResponse().head.status == 200)
    }
}
