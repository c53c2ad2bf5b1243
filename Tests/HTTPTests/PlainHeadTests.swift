import Testing

@testable import HTTP

/// The quick way through a head and the definition of one: which heads go the quick way, and that it cannot be told.
@Suite struct PlainHeadTests {
    private func isPlain(_ text: String, _ limits: HTTPRequestParser.Limits = .init()) -> Bool {
        var request = HTTPRequest()
        let octets = Array(text.utf8)
        return GuardedMemory(capacity: 16384).lend(octets) { PlainHead.read($0, limits, into: &request) } != nil
    }

    private static func fields(_ count: Int) -> String { String(repeating: "A: b\r\n", count: count) }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET /a?b=c&d=e_f HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS /a/b HTTP/1.1\r\nHost: a\r\nX:\t \r\n\r\nmore", "GET / HTTP/1.1\r\n\(fields(24))\r\n",
    ])
    func `most heads go the quick way`(_ head: String) {
        #expect(isPlain(head))
    }

    @Test(arguments: [
        "", "GET / HTT", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r",
        "\r\nGET / HTTP/1.1\r\n\r\n",
        "GET /%41 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", "get / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\n a: b\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\n\r\n", "GET / HTTP/1.1\r\na: \u{1}\r\n\r\n", "GET / HTTP/1.1\r\n\(fields(25))\r\n",
    ])
    func `what is not plain, or not all there, is left to the lines`(_ head: String) {
        #expect(!isPlain(head))
    }

    @Test func `the limits hold on the quick way`() {
        let head = "GET /aaaa HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n"
        func isPlain(_ line: Int, _ section: Int, _ count: Int) -> Bool {
            self.isPlain(head, .init(requestLine: line, fieldSection: section, fieldCount: count))
        }
        #expect(isPlain(18, 12, 2))
        #expect(!isPlain(17, 12, 2))
        #expect(!isPlain(18, 11, 2))
        #expect(!isPlain(18, 12, 1))
    }

    @Test(arguments: CorpusFile.all)
    func `a head read the quick way is the same as line by line`(_ file: CorpusFile) throws {
        var quick = HTTPRequest()
        let memory = GuardedMemory(capacity: file.octets.count)
        let read = memory.lend(file.octets) { PlainHead.read($0, .init(), into: &quick) }
        guard case .new(let length)? = read else { return }
        quick.store(file.octets.span.extracting(..<length))
        var parser = HTTPRequestParser()
        var slow = HTTPRequest()
        // The first octet alone commits the parser to the lines.
        #expect(try parser.parse(guarded: file.octets[..<1], into: &slow) == .needsMoreBytes)
        guard case .head(let consumed)? = try? parser.parse(guarded: file.octets, into: &slow) else { return }
        #expect(consumed == length)
        #expect(quick.method == slow.method && quick.version == slow.version)
        #expect(quick.fields.lines == slow.fields.lines)
        #expect(quick.targetExtent == slow.targetExtent && quick.pathExtent == slow.pathExtent)
        #expect(quick.queryExtent == slow.queryExtent)
    }
}
