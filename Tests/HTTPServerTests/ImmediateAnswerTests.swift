import HTTP
import Locking
import TestSupport
import Testing

@testable import HTTPServer

/// Whichever way a request takes to its answer, the answer is the same.
@Suite("Server: answers at once", .timeLimit(.minutes(1)))
struct ImmediateAnswerTests {
    /// What is asked for, all on one connection.
    private static let requests = [
        "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n",
        "HEAD /hello HTTP/1.1\r\nHost: test\r\n\r\n",
        "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nfirst",
        "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nsecond",
        "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
        "POST /upload HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nab",
        "GET /nothing HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /lying HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /interim HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /id HTTP/1.1\r\nHost: test\r\nX-Request-ID: mine\r\n\r\n",
        "GET https://test/hello HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /constant HTTP/1.1\r\nHost: test\r\n\r\n",
        "HEAD /constant HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /constant HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
        "GET /constant HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET https://test/constant HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
    ]

    /// All that comes back, without what differs from answer to answer.
    private static func answers(to pieces: [ArraySlice<UInt8>], _ port: UInt16) throws -> [String] {
        let client = try RawClient(port: port)
        for piece in pieces { client.send(Array(piece)) }
        return String(decoding: client.readToEnd(), as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("Date: ") && !$0.hasPrefix("X-Request-ID: ") }.map(String.init)
    }

    private static func pieces(of octets: [UInt8], _ length: Int) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: octets.count, by: length).map { octets[$0..<min($0 + length, octets.count)] }
    }

    @Test("with an observer and without one, whole and in pieces, the answers are the same")
    func sameAnswers() throws {
        func addRoutes(_ router: inout Router) {
            router.add(.get, "/interim") { _ in HTTPResponse(status: .continue) }
            let constant = HTTPResponse(status: .ok, body: .bytes(Array("constant".utf8)))
            router.add(.get, "/constant", answering: constant)
        }
        let observed = try TestServer(routes: addRoutes)
        let unobserved = try TestServer(isObserved: false, routes: addRoutes)
        let octets = Array(Self.requests.joined().utf8)
        let expected = try Self.answers(to: [octets[...]], observed.port)
        #expect(expected.filter { $0.contains("HTTP/1.1 ") }.count == Self.requests.count)
        #expect(expected.filter { $0.contains("constant") }.count == 3)
        for length in [octets.count, 50, 7, 1] {
            for port in [observed.port, unobserved.port] {
                #expect(try Self.answers(to: Self.pieces(of: octets, length), port) == expected, "\(length)")
            }
        }
        #expect(unobserved.observer.current.finished.isEmpty)
    }

    @Test("what no template matches is the fallback's with its content, in whatever way it comes")
    func fallback() throws {
        let server = try TestServer(routes: { router in
            router.fallback = { HTTPResponse(status: .ok, body: .bytes($0.body)) }
        })
        let client = try server.client()
        for framed in ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
            client.send("POST /nowhere/at/all HTTP/1.1\r\nHost: test\r\n\(framed)")
            #expect(client.readResponse().content == Array("abc".utf8))
        }
        #expect(client.get("/nowhere").head.status == 200)
        #expect(client.get("/hello", method: "DELETE").head.status == 405)
        #expect(client.get("*", method: "OPTIONS").head.field("Allow") != nil)
        #expect(client.get("/nowhere", method: "TRACE").head.status == 405)
    }

    @Test("content as long as is taken is answered, one octet more is 413, in whatever way it comes")
    func longestContent() throws {
        for isObserved in [true, false] {
            let server = try TestServer(isObserved: isObserved) { $0.maximumBodyLength = 100 }
            for (length, status) in [(100, 200), (101, 413)] {
                let client = try server.client()
                let content = String(repeating: "a", count: length)
                client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: \(length)\r\n\r\n\(content)")
                #expect(client.readResponse().head.status == status)
            }
        }
    }

    @Test("what a handler keeps of a request stays as it was while later ones come")
    func keptRequest() throws {
        let kept = Lock<[ServerRequest]>([])
        let server = try TestServer(
            isObserved: false,
            routes: { router in
                router.add(.post, "/keep") { request in
                    kept.withLock { $0.append(request) }
                    return HTTPResponse(status: .ok, body: .bytes(request.body))
                }
            })
        let client = try server.client()
        for word in ["one", "two", "six"] {
            client.send("POST /keep HTTP/1.1\r\nHost: test\r\nX-Word: \(word)\r\nContent-Length: 3\r\n\r\n\(word)")
            #expect(String(decoding: client.readResponse().content, as: UTF8.self) == word)
        }
        let words = kept.withLock { requests in
            requests.map { [$0.head.fields["X-Word"] ?? "", String(decoding: $0.body, as: UTF8.self)] }
        }
        #expect(words == [["one", "one"], ["two", "two"], ["six", "six"]])
    }
}
