import Testing

@testable import HTTP

@Suite struct HTTPRequestParserTests {
    private func parse(_ text: String) throws -> HTTPRequest {
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        let octets = Array(text.utf8)
        #expect(try parser.parse(guarded: octets, into: &request) == .head(consumed: octets.count))
        return request
    }

    @Test func `an octet that has been scanned is not scanned again`() throws {
        // Every call begins where the last one stopped, so the scans of all calls add up to the length of the head.
        let long = String(repeating: "a", count: 3000)
        let octets = Array("GET /\(long) HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n".utf8)
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        for end in 1..<octets.count {
            #expect(try parser.parse(guarded: octets[..<end], into: &request) == .needsMoreBytes)
            // Only a carriage return waits for its successor.
            let isWaiting = octets[end - 1] == 0x0D
            #expect(parser.resumePosition == (isWaiting ? end - 1 : end))
        }
        #expect(try parser.parse(guarded: octets, into: &request) == .head(consumed: octets.count))
    }

    @Test func `the fields keep order, spelling and duplicates`() throws {
        let request = try parse("GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nACCEPT:y\r\nEmpty:\r\n\r\n")
        #expect(request.fields.map(\.name) == ["Host", "Accept", "ACCEPT", "Empty"])
        #expect(request.fields[.accept] == "x")
        #expect(request.fields.values(of: .accept) == ["x", "y"])
        #expect(request.fields["empty"] == "")
        #expect(request.fields["absent"] == nil)
    }

    @Test func `the parts of a target are told raw`() throws {
        let request = try parse("GET http://b:81/x%20y?q=%26 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(request.target == "http://b:81/x%20y?q=%26")
        #expect(request.path == "/x%20y")
        #expect(request.query == "q=%26")
        #expect(request.authority == "b:81")
        #expect(request.withPath { $0.count } == 6)
        #expect(request.withQuery { $0.count } == 5)
        #expect(request.withTarget { $0.count } == 23)
    }

    @Test(arguments: [
        ("http://a/", HTTPScheme.http), ("HTTPS://a/", .https), ("https://a", .https), ("/http://a/", nil),
    ])
    func `an absolute target tells its scheme, the other forms none`(_ target: String, _ scheme: HTTPScheme?) throws {
        #expect(try parse("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").targetScheme == scheme)
    }

    @Test func `a request is parsed into the memory of the one before`() throws {
        let octets = Array("POST /aaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n".utf8)
        let next = Array("GET /b HTTP/1.1\r\nHost: c\r\n\r\n".utf8)
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        _ = try parser.parse(guarded: octets, into: &request)
        let storage = address(request.fields.storage)
        let lines = request.fields.lines.capacity
        _ = try parser.parse(guarded: next, into: &request)
        #expect(address(request.fields.storage) == storage)
        #expect(request.fields.lines.capacity == lines)
        // And nothing of the first one is left.
        #expect(request.framing == .none)
        #expect(request.keepAlive)
        #expect(request.path == "/b")
        #expect(request.fields.count == 1)
    }

    @Test func `a copy of a request outlives the next parse`() throws {
        var parser = HTTPRequestParser()
        var request = try parse("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
        let first = request
        _ = try parser.parse(guarded: "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n".utf8, into: &request)
        #expect(first.path == "/first")
        #expect(first.fields[.host] == "a")
        #expect(request.path == "/2")
    }

    @Test func `after a reset the parser begins anew`() throws {
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        _ = try parser.parse(guarded: "POST /old HT".utf8, into: &request)
        parser.reset()
        let next = Array("GET / HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
        #expect(try parser.parse(guarded: next, into: &request) == .head(consumed: next.count))
        #expect(request.method == .get)
    }

    @Test(arguments: HTTPMethod.allCases)
    func `every method is read and none in small letters`(_ method: HTTPMethod) {
        #expect(self.method(spelt: method.rawValue) == method)
        #expect(self.method(spelt: method.rawValue.lowercased()) == nil)
    }

    private func method(spelt text: String) -> HTTPMethod? {
        let octets = Array(text.utf8)
        return HTTPMethod(token: octets.span, 0..<octets.count)
    }

    private func address(_ octets: [UInt8]) -> UInt {
        unsafe octets.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }

    @Test("every refusal says in a sentence of its own what was wrong")
    func details() {
        let details = HTTPRequestParser.Failure.allCases.map(\.detail)
        #expect(Set(details).count == details.count)
        #expect(details.allSatisfy { $0.hasSuffix(".") && $0.count > 20 })
    }
}
