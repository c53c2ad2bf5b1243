import HTTP
import Testing

/// Each limit with a message at the limit, which is served, and one past it, which is not.
@Suite struct ParserLimitTests {
    private static let small = HTTPRequestParser.Limits(
        requestLine: 40,
        fieldSection: 60,
        fieldCount: 4,
        trailerSection: 20,
        chunkExtension: 10,
        chunkOverhead: 30
    )

    /// A message made to a size, and what the size past the limit is told.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let limit: Int
        let failure: HTTPRequestParser.Failure
        let message: @Sendable (Int) -> String
    }

    private static func chunked(_ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
    }

    private static func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let rows = [
        Row(testDescription: "request line", limit: 40, failure: .requestLineTooLong) { size in
            "GET /\(text(size - 14)) HTTP/1.1\r\nHost: a\r\n\r\n"
        },
        Row(testDescription: "request line behind an empty line", limit: 40, failure: .requestLineTooLong) { size in
            "\r\nGET /\(text(size - 14)) HTTP/1.1\r\nHost: a\r\n\r\n"
        },
        Row(testDescription: "field section of one field", limit: 60, failure: .fieldSectionTooLarge) { size in
            "GET / HTTP/1.1\r\nHost: \(text(size - 8))\r\n\r\n"
        },
        Row(testDescription: "field section of several fields", limit: 60, failure: .fieldSectionTooLarge) { size in
            "GET / HTTP/1.1\r\nHost: a\r\nX: \(text(size - 20))\r\nY: b\r\n\r\n"
        },
        Row(testDescription: "field count", limit: 4, failure: .tooManyFields) { size in
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: b\r\n", count: size - 1) + "\r\n"
        },
        Row(testDescription: "trailer section", limit: 20, failure: .trailerSectionTooLarge) { size in
            chunked("0\r\nX: b\r\nY: \(text(size - 11))\r\n\r\n")
        },
        Row(testDescription: "trailer count", limit: 4, failure: .trailerSectionTooLarge) { size in
            chunked("0\r\n" + String(repeating: "X:\r\n", count: size) + "\r\n")
        },
        Row(testDescription: "one chunk extension", limit: 10, failure: .chunkExtensionsTooLong) { size in
            chunked("0;\(text(size - 1))\r\n\r\n")
        },
        Row(testDescription: "chunk extensions in total", limit: 10, failure: .chunkExtensionsTooLong) { size in
            chunked("1;aaaa\r\nx\r\n0;\(text(size - 6))\r\n\r\n")
        },
        // Five octets of framing a chunk, three of the last one, against the limit and as many as there is content.
        Row(testDescription: "chunk overhead", limit: 6, failure: .tooMuchChunkOverhead) { size in
            chunked(String(repeating: "1\r\nx\r\n", count: size) + "0\r\n\r\n")
        },
        Row(testDescription: "content length", limit: 25, failure: .contentTooLarge) { size in
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n\(text(size))"
        },
        Row(testDescription: "sum of chunks", limit: 25, failure: .contentTooLarge) { size in
            chunked("a\r\n\(text(10))\r\n\(String(size - 10, radix: 16))\r\n\(text(size - 10))\r\n0\r\n\r\n")
        },
    ]

    @Test(arguments: rows)
    func `at the limit a message is served`(_ row: Row) {
        for transcript in transcripts(row.message(row.limit)) { #expect(transcript.last == "end") }
    }

    @Test(arguments: rows)
    func `one past the limit it is refused`(_ row: Row) {
        let line = "failure \(row.failure.status.code) \(row.failure)"
        for transcript in transcripts(row.message(row.limit + 1)) { #expect(transcript.last == line) }
    }

    @Test func `a method longer than any is unknown before its line ends`() {
        for transcript in transcripts(Self.text(41)) { #expect(transcript == ["failure 501 unknownMethod"]) }
        for transcript in transcripts(Self.text(40)) { #expect(transcript == ["incomplete"]) }
    }

    @Test func `a section without an end is refused as soon as it passes the limit`() {
        let head = "GET / HTTP/1.1\r\nHost: "
        let atLimit = head + Self.text(52)
        for transcript in transcripts(atLimit) { #expect(transcript == ["incomplete"]) }
        for transcript in transcripts(atLimit + "a") { #expect(transcript == ["failure 431 fieldSectionTooLarge"]) }
    }

    @Test func `the defaults are those of the API`() {
        let limits = HTTPRequestParser.Limits()
        #expect(limits.requestLine == 8192)
        #expect(limits.fieldSection == 32768)
        #expect(limits.fieldCount == 100)
    }

    @Test func `a target of 8000 octets is served by default`() {
        let octets = Array("GET /\(Self.text(7999)) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(Conversation.transcript([octets[...]]).last == "end")
    }

    // Whole and octet by octet.
    private func transcripts(_ message: String) -> [[String]] {
        let octets = Array(message.utf8)
        let single = octets.indices.map { octets[$0...$0] }
        return [[octets[...]], single].map { Conversation.transcript($0, limits: Self.small, maximumLength: 25) }
    }
}
