import Testing

@testable import HTTP

/// A head whose fields are the last head's is not read to its end, and nobody can tell.
@Suite struct RepeatedFieldsTests {
    private static let lines = [
        "GET / HTTP/1.1", "GET /recommend?user_id=1&limit=10 HTTP/1.1", "HEAD /a/b?c HTTP/1.1", "POST /x HTTP/1.1",
        "OPTIONS /yy HTTP/1.1",
    ]
    private static let sections = [
        "Host: a\r\n\r\n", "Host: a:80\r\nUser-Agent: b\r\nAccept: */*\r\n\r\n",
        "Host: a\r\nConnection: close\r\n\r\n", "Host: a\r\nContent-Length: 3\r\n\r\n",
        "Host: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
        "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]

    private static func heads() -> [String] { lines.flatMap { line in sections.map { "\(line)\r\n\($0)" } } }

    private func reading(_ head: String, into request: inout HTTPRequest) -> PlainHead.Reading? {
        GuardedMemory(capacity: 4096).lend(Array(head.utf8)) { PlainHead.read($0, .init(), into: &request) }
    }

    private func parsed(
        _ head: String, _ parser: inout HTTPRequestParser, into request: inout HTTPRequest
    ) throws -> HTTPRequestParser.Outcome {
        try parser.parse(guarded: Array(head.utf8), into: &request)
    }

    private func isSame(_ one: HTTPRequest, _ other: HTTPRequest) -> Bool {
        one.method == other.method && one.version == other.version && one.target == other.target
            && one.path == other.path && one.query == other.query && one.authority == other.authority
            && one.framing == other.framing && one.keepAlive == other.keepAlive
            && one.expectsContinue == other.expectsContinue && one.targetScheme == other.targetScheme
            && one.fields.map { "\($0.name): \($0.value)" } == other.fields.map { "\($0.name): \($0.value)" }
    }

    @Test(arguments: sections)
    func `the same fields under any request line are taken over`(_ section: String) throws {
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        for line in Self.lines + Self.lines.reversed() {
            let before = request
            let head = "\(line)\r\n\(section)"
            if request.sectionExtent.count > 0 {
                guard case .repeated(let length, _)? = reading(head + "rest", into: &request) else {
                    Issue.record("\(head) was read again")
                    continue
                }
                #expect(length == head.utf8.count)
                request = before
            }
            var fresh = HTTPRequest()
            #expect(try parsed(head, &parser, into: &request) == .head(consumed: head.utf8.count))
            #expect(try parsed(head, &parser, into: &fresh) == .head(consumed: head.utf8.count))
            #expect(isSame(request, fresh), "\(line)")
        }
    }

    @Test func `whatever came before, a head means what it means alone`() throws {
        for first in Self.heads() {
            for second in Self.heads() {
                var parser = HTTPRequestParser()
                var request = HTTPRequest()
                _ = try parsed(first, &parser, into: &request)
                #expect(try parsed(second, &parser, into: &request) == .head(consumed: second.utf8.count))
                var fresh = HTTPRequest()
                _ = try parsed(second, &parser, into: &fresh)
                #expect(isSame(request, fresh), "\(first) \(second)")
            }
        }
    }

    @Test(arguments: CorpusFile.all)
    func `after any octets a head means what it means alone`(_ file: CorpusFile) throws {
        for head in Self.heads() {
            var request = HTTPRequest()
            var parser = HTTPRequestParser()
            _ = try? parser.parse(guarded: file.octets[...], into: &request)
            // After a failure, or in the middle of a head, a connection would end: another parser, the same request.
            parser.reset()
            #expect(try parsed(head, &parser, into: &request) == .head(consumed: head.utf8.count))
            var fresh = HTTPRequest()
            _ = try parsed(head, &parser, into: &fresh)
            #expect(isSame(request, fresh), "\(file.name): \(head)")
        }
    }

    @Test(arguments: CorpusFile.all)
    func `octets after a head of their own kind have the outcome that they have alone`(_ file: CorpusFile) throws {
        // The same fields without the line that is before them here, under another line.
        guard let lineEnd = file.octets.firstIndex(of: Octets.lineFeed) else { return }
        let leader = Array("GET /leader HTTP/1.1\r\n".utf8) + file.octets[(lineEnd + 1)...]
        var request = HTTPRequest()
        var parser = HTTPRequestParser()
        guard case .head? = try? parser.parse(guarded: leader[...], into: &request) else { return }
        var alone = HTTPRequest()
        var other = HTTPRequestParser()
        let after = Result { () throws(HTTPRequestParser.Failure) in
            try parser.parse(guarded: file.octets[...], into: &request)
        }
        let expected = Result { () throws(HTTPRequestParser.Failure) in
            try other.parse(guarded: file.octets[...], into: &alone)
        }
        #expect(after == expected)
        if case .success(.head) = expected { #expect(isSame(request, alone)) }
    }

    @Test func `fields that come in part are waited for`() throws {
        let head = "GET / HTTP/1.1\r\nHost: abc\r\nAccept: */*\r\n\r\n"
        for length in 0..<head.utf8.count {
            var parser = HTTPRequestParser()
            var request = HTTPRequest()
            _ = try parsed(head, &parser, into: &request)
            let part = Array(head.utf8)[..<length]
            #expect(try parser.parse(guarded: part, into: &request) == .needsMoreBytes)
            #expect(try parsed(head, &parser, into: &request) == .head(consumed: head.utf8.count))
            #expect(request.fields[.host] == "abc" && request.fields.count == 2)
        }
    }

    @Test func `the limits of a stricter parser hold`() throws {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nAccept: b\r\n\r\n"
        let strict = [
            HTTPRequestParser.Limits(fieldSection: 19), .init(fieldCount: 1), .init(requestLine: 13),
        ]
        for limits in strict {
            var request = HTTPRequest()
            var parser = HTTPRequestParser()
            _ = try parsed(head, &parser, into: &request)
            var other = HTTPRequestParser(limits: limits)
            #expect(throws: HTTPRequestParser.Failure.self) { try parsed(head, &other, into: &request) }
        }
    }

    @Test func `who keeps a copy of the last head keeps what it said`() throws {
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        _ = try parsed("GET /first?a HTTP/1.1\r\nHost: abc\r\n\r\n", &parser, into: &request)
        let copy = request
        _ = try parsed("POST /the/second HTTP/1.1\r\nHost: abc\r\n\r\n", &parser, into: &request)
        #expect(copy.path == "/first" && copy.query == "a" && copy.fields[.host] == "abc" && copy.method == .get)
        #expect(request.path == "/the/second" && request.query == nil && request.fields[.host] == "abc")
        #expect(request.authority == "abc")
    }

    @Test func `refused fields are not taken over`() throws {
        let head = "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"
        var request = HTTPRequest()
        for _ in 0..<3 {
            var parser = HTTPRequestParser()
            #expect(throws: HTTPRequestParser.Failure.invalidHost) { try parsed(head, &parser, into: &request) }
        }
    }
}
