import HTTP
import Testing

@testable import HTTPServer

@Suite("Router")
struct RouterTests {
    private let router: Router = {
        var router = Router()
        let handler: @Sendable (ServerRequest) -> HTTPResponse = { _ in HTTPResponse(status: .ok) }
        router.add(.get, "/", handler: handler)
        router.add(.get, "/items", handler: handler)
        router.add(.post, "/items", handler: handler)
        router.add(.get, "/items/{id}", handler: handler)
        router.add(.delete, "/items/{id}", handler: handler)
        router.add(.get, "/items/{id}/similar", handler: handler)
        router.add(.get, "/items/popular", handler: handler)
        router.add(.get, "/items/popular/today", handler: handler)
        router.add(.put, "/a/{x}/b/{y}", handler: handler)
        router.add(.get, "/a b", handler: handler)
        return router
    }()

    private func match(_ method: HTTPMethod, _ path: String) -> String {
        switch router.match(method, Array(path.utf8).span) {
        case .match(let match): ([match.route.template] + match.parameters).joined(separator: " | ")
        case .otherMethods(let methods): methods.map(\.rawValue).joined(separator: ",")
        case .notFound: "not found"
        case .malformed: "malformed"
        }
    }

    @Test(
        "a path finds its template and its parameters",
        arguments: [
            ("/", "/"), ("/items", "/items"), ("/items/7", "/items/{id} | 7"),
            ("/items/popular", "/items/popular"), ("/items/popular/today", "/items/popular/today"),
            ("/items/popular/similar", "/items/{id}/similar | popular"),
            ("/items/popula", "/items/{id} | popula"), ("/items/caf%C3%A9%2Fbar", "/items/{id} | café/bar"),
            ("/items/100%2525", "/items/{id} | 100%25"), ("/items/a+b", "/items/{id} | a+b"),
            ("/it%65ms", "/items"), ("/a%20b", "/a b"), ("/items/%70opular", "/items/popular"),
        ])
    func finds(path: String, expected: String) {
        #expect(match(.get, path) == expected)
        #expect(match(.head, path) == expected)
    }

    @Test(
        "a path that no template has is not found",
        arguments: [
            "", "*", "items", "//", "/items/", "/items//similar", "/Items", "/items/7/", "/items/7/similar/x", "/a",
        ])
    func doesNotFind(path: String) {
        #expect(match(.get, path) == "not found")
    }

    @Test(
        "a broken escape, a hidden NUL and bytes that are no text are refused",
        arguments: ["/items/%", "/items/%4", "/items/%zz", "/items/%00", "/items/%ff", "/nowhere/%"])
    func refuses(path: String) {
        #expect(match(.get, path) == "malformed")
    }

    @Test(
        "a known path with another method tells the methods it has",
        arguments: [
            ("/items", "GET,HEAD,POST,OPTIONS"), ("/items/7", "GET,HEAD,DELETE,OPTIONS"),
            ("/items/popular/today", "GET,HEAD,OPTIONS"), ("/a/1/b/2", "PUT,OPTIONS"),
        ])
    func otherMethods(path: String, allowed: String) {
        #expect(match(.patch, path) == allowed)
    }

    @Test("a literal without the method yields to a parameter that has it")
    func yieldsToParameter() {
        #expect(match(.delete, "/items/popular") == "/items/{id} | popular")
    }

    @Test("several parameters are told apart by name")
    func severalParameters() throws {
        guard case .match(let match) = router.match(.put, Array("/a/1/b/2".utf8).span) else {
            Issue.record("no match")
            return
        }
        let storage = ServerRequest.Storage()
        storage.match = match
        let request = ServerRequest(storage)
        #expect(request.parameter("x") == "1" && request.parameter("y") == "2" && request.parameter("z") == nil)
        #expect(request.route == "/a/{x}/b/{y}")
    }
}
