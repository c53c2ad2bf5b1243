import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("Every route: methods, paths and fields", .timeLimit(.minutes(1)))
struct MethodTests {
    private static let routes: [(path: String, allow: String)] = [
        ("/recommend", "GET, HEAD, POST, OPTIONS"), ("/predict", "GET, HEAD, POST, OPTIONS"),
        ("/train", "GET, HEAD, POST, OPTIONS"), ("/train/1", "GET, HEAD, DELETE, OPTIONS"),
        ("/train/1/events", "GET, HEAD, OPTIONS"),
        ("/evaluate", "POST, OPTIONS"), ("/interactions", "GET, HEAD, POST, OPTIONS"),
        ("/interactions/1", "DELETE, OPTIONS"), ("/export", "GET, HEAD, OPTIONS"),
        ("/quarantine", "GET, HEAD, DELETE, OPTIONS"), ("/quarantine/u", "DELETE, OPTIONS"),
        ("/items", "GET, HEAD, POST, OPTIONS"),
        ("/items/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"), ("/users", "GET, HEAD, POST, OPTIONS"),
        ("/users/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"), ("/users/1/export", "GET, HEAD, OPTIONS"),
        ("/items/1/similar", "GET, HEAD, OPTIONS"), ("/users/1/similar", "GET, HEAD, OPTIONS"),
        ("/models", "GET, HEAD, OPTIONS"),
        ("/models/v1", "GET, HEAD, OPTIONS"), ("/models/v1/publish", "POST, OPTIONS"),
        ("/models/v1/weights", "GET, HEAD, PUT, OPTIONS"),
        ("/admin/backup", "POST, OPTIONS"),
        ("/livez", "GET, HEAD, OPTIONS"), ("/readyz", "GET, HEAD, OPTIONS"), ("/healthz", "GET, HEAD, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"), ("/metrics", "GET, HEAD, OPTIONS"), ("/version", "GET, HEAD, OPTIONS"),
    ]

    private static func methods(_ allow: String) -> Set<String> {
        Set(allow.split(separator: ",").map { $0.filter { $0 != " " } })
    }

    @Test("OPTIONS and a method that is not answered name those that are", arguments: routes)
    func allow(path: String, allow: String) throws {
        let service = try TestService()
        let options = try service.ask("OPTIONS", path)
        #expect(options.status == 204)
        #expect(options.field("Allow").map(Self.methods) == Self.methods(allow))
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] where !Self.methods(allow).contains(method) {
            let refused = try service.ask(method, path)
            refused.expectProblem(405)
            #expect(refused.field("Allow").map(Self.methods) == Self.methods(allow))
        }
    }

    @Test(
        "HEAD answers as GET does, without the content",
        arguments: ["/livez", "/version", "/items", "/models", "/train", "/recommend?user_id=u1", "/items/missing"])
    func head(path: String) throws {
        let service = try TestService()
        let get = try service.get(path)
        let head = try service.ask("HEAD", path)
        #expect(head.status == get.status)
        #expect(head.field("Content-Type") == get.field("Content-Type"))
        #expect(head.field("Content-Length") == get.field("Content-Length"))
        #expect(Int(get.field("Content-Length") ?? "") == get.content.count)
    }

    @Test(
        "what is not there is a problem document",
        arguments: [
            "/", "/nothing", "/recommend/", "/train/", "/items/", "/items/a/b", "/items/a/similar/",
            "/models/v1/weights/x", "/Recommend",
        ])
    func unknownPath(path: String) throws {
        try TestService().get(path).expectProblem(404)
    }

    @Test(
        "a route that takes no query refuses one: a parameter must not silently do nothing",
        arguments: [
            "GET /train", "GET /train/1", "GET /train/1/events", "DELETE /train/1", "GET /models", "GET /models/v1",
            "GET /models/current", "GET /models/v1/weights", "POST /models/v1/publish", "GET /items/i1",
            "DELETE /items/i1",
            "DELETE /interactions/1",
        ])
    func needlessQuery(request: String) throws {
        let service = try TestService.trained()
        _ = try service.ask("PUT", "/items/i1", "{}")
        let (method, path) = (String(request.prefix { $0 != " " }), String(request.drop { $0 != " " }.dropFirst()))
        try Refusal(method, path + "?limit=5", nil, 400, [("?limit", "unknown parameter \"limit\"")])
            .check(with: service)
    }

    @Test(
        "probes may carry any query",
        arguments: ["/livez?now", "/readyz?x=1", "/healthz?", "/metrics?a=b", "/version?a"])
    func probeQuery(path: String) throws {
        #expect(try TestService().get(path).status == 200)
    }

    @Test(
        "a request that is not HTTP as it should be is a problem document",
        arguments: [
            ("GET /items/%zz HTTP/1.1\r\nHost: test\r\n\r\n", 400),
            ("GET /items/%00 HTTP/1.1\r\nHost: test\r\n\r\n", 400),
            ("GET /items/%ff HTTP/1.1\r\nHost: test\r\n\r\n", 400),
            ("GET /livez HTTP/1.1\r\n\r\n", 400),
            ("BREW /livez HTTP/1.1\r\nHost: test\r\n\r\n", 501),
            ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: test\r\n\r\n", 414),
            ("GET /livez HTTP/1.1\r\nHost: test\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431),
        ])
    func malformedRequest(request: String, status: Int) throws {
        let service = try TestService()
        let client = try service.client()
        client.send(request)
        let (head, content) = client.readResponse()
        Reply(head: head, content: content).expectProblem(status)
    }

    @Test(
        "a JSON body at the limit is read, and one byte more is refused",
        arguments: [
            "POST /recommend", "POST /predict", "POST /train", "POST /evaluate", "POST /items", "PUT /items/a",
            "PATCH /items/a",
        ])
    func bodyLimit(request: String) throws {
        let service = try TestService { $0.server.bodyBytes = 100 }
        let (method, path) = (String(request.prefix { $0 != " " }), String(request.drop { $0 != " " }.dropFirst()))
        let body = "{\"unheard_of\": 1"
        let padding = String(repeating: " ", count: 99 - body.utf8.count)
        #expect(try service.ask(method, path, body + padding + "}").status != 413)
        try Refusal(method, path, body + padding + " }", 413).check(with: service)
    }

    @Test("an answer carries the caller's request ID, if that is sane, and else a new one")
    func requestID() throws {
        let service = try TestService()
        #expect(try service.ask("GET", "/livez", fields: "X-Request-ID: mine-1\r\n").field("X-Request-ID") == "mine-1")
        let replaced = try service.ask("GET", "/nothing", fields: "X-Request-ID: a b\r\n").field("X-Request-ID")
        #expect(replaced?.utf8.count == 32)
        #expect(try service.get("/livez").field("X-Request-ID") != replaced)
    }
}
