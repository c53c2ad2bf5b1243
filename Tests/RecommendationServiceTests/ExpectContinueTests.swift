import RecommendationService
import TestSupport
import Testing

/// RFC 9110, section 10.1.1: where the head decides, the final answer comes instead of 100.
@Suite("Expect: 100-continue", .timeLimit(.minutes(1)))
struct ExpectContinueTests {
    struct Case: Sendable {
        var method = "POST"
        var path: String
        var fields = "Content-Length: 34\r\n"
        var status: Int
    }

    @Test(
        "what the head alone decides against is refused before the content is asked for, and nothing is kept of it",
        arguments: [
            Case(path: "/interactions", fields: "Content-Length: 34\r\nContent-Type: text/html\r\n", status: 415),
            Case(
                path: "/interactions",
                fields: "Transfer-Encoding: chunked\r\nContent-Type: text/csv; charset=cp1252\r\n",
                status: 415),
            Case(path: "/interactions?partail=true", status: 400),
            Case(path: "/interactions", fields: "Content-Length: 501\r\n", status: 413),
            Case(path: "/interactions", fields: "Content-Length: 34\r\nContent-Encoding: br\r\n", status: 415),
            Case(
                path: "/interactions",
                fields: "Content-Length: 34\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n", status: 400),
            Case(path: "/train", fields: "Content-Length: 34\r\nContent-Type: text/csv\r\n", status: 415),
            Case(path: "/train?wait=true", status: 400),
            Case(path: "/train", fields: "Content-Length: 501\r\n", status: 413),
            Case(path: "/recommend?user_id=1", status: 400),
            Case(path: "/predict", fields: "Content-Length: 34\r\nContent-Type: text/plain\r\n", status: 415),
            Case(path: "/items?upsert", status: 400),
            Case(method: "PUT", path: "/items/%01", status: 400),
            Case(
                method: "PUT", path: "/items/a", fields: "Content-Length: 34\r\nContent-Type: text/html\r\n",
                status: 415),
            Case(method: "PATCH", path: "/items/a?title=b", status: 400),
            Case(path: "/models/v1/publish?now", status: 400),
        ])
    func refused(_ refused: Case) throws {
        let service = try TestService { $0.server.bodyBytes = 500 }
        let before = try service.holdings()
        let client = try service.client()
        let reply = client.ask(
            refused.method, refused.path, nil, fields: "Expect: 100-continue\r\n" + refused.fields)
        reply.expectProblem(refused.status)
        #expect(reply.field("Connection") == "close" && client.isAtEnd())
        #expect(try service.holdings() == before)
    }

    @Test(
        "a queue without room refuses before the content is asked for, and says when to come again")
    func full() throws {
        let store = InterceptedStore()
        let service = try TestService(store: store) { $0.storage.writeQueue = 1 }
        let gate = Gate()
        store.holdAppends(at: gate)
        let waiting = try service.client()
        waiting.send(Self.request("/interactions") + Self.good)
        gate.awaitArrival()
        let reply = try service.client().ask(
            "POST", "/interactions", nil, fields: "Expect: 100-continue\r\nContent-Length: 34\r\n")
        reply.expectProblem(503)
        #expect(reply.field("Retry-After") != nil)
        gate.open()
        #expect(waiting.readResponse().head.contains(" 200 "))
    }

    private static let good = #"{"user_id": "a", "item_id": "b"}  "#

    private static func request(_ path: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Length: 34\r\n\r\n"
    }

    @Test(
        "what the head does not decide against is asked for",
        arguments: ["/interactions", "/items", "/train", "/predict"])
    func continued(path: String) throws {
        let service = try TestService()
        let client = try service.client()
        client.send(
            "POST \(path) HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 34\r\n\r\n")
        #expect(client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send(Self.good)
        #expect(client.readResponse().head.hasPrefix("HTTP/1.1 "))
    }
}
