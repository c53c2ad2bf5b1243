import HTTP

/// One kind of work, done as often as asked: for counting the instructions it takes, by a tool that counts them.
///
///     HTTPInstructions WORK ITERATIONS
///
/// Twice the iterations less once the iterations is the work alone, without the start of the program.
@main struct HTTPInstructions {
    private static let requests = [
        "recommend": """
        GET /recommend?user_id=1&limit=10 HTTP/1.1\r
        Host: localhost:8080\r
        User-Agent: curl/8.5.0\r
        Accept: */*\r
        X-Request-ID: 0f8fad5b-d9cb-469f-a165-70867728950e\r
        \r\n
        """,
        "livez": "GET /livez HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "post": """
        POST /interactions HTTP/1.1\r
        Host: localhost:8080\r
        User-Agent: curl/8.5.0\r
        Accept: */*\r
        Content-Type: application/json\r
        Content-Length: 200\r
        \r\n
        """,
    ]

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let iterations = Int(arguments[2]) else {
            fatalError("usage: HTTPInstructions parse-…|repeat-…|answer-…|build|write|chunks ITERATIONS")
        }
        let parts = arguments[1].split(separator: "-", maxSplits: 1).map(String.init)
        switch (parts[0], parts.count > 1 ? requests[parts[1]] : nil) {
        case ("parse", let request?): parse(pair(request), iterations)
        case ("repeat", let request?): parse([Array(request.utf8)], iterations)
        case ("answer", let request?): answer(pair(request), iterations)
        case ("build", _): build(iterations)
        case ("write", _): write(iterations)
        case ("chunks", _): decodeChunks(iterations)
        default: fatalError("no such work: \(arguments[1])")
        }
    }

    /// The head and another whose fields are as long and not the same: neither is the other over again.
    private static func pair(_ head: String) -> [[UInt8]] {
        [head, String(head.replacing("localhost:8080", with: "localhost:8081"))].map { Array($0.utf8) }
    }

    /// Heads out of octets, in turns.
    private static func parse(_ heads: [[UInt8]], _ iterations: Int) {
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        for iteration in 0..<iterations { expect(parses(heads[iteration % heads.count], &parser, &request)) }
    }

    /// A head out of octets, and an answer's head into octets.
    private static func answer(_ heads: [[UInt8]], _ iterations: Int) {
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        let response = response()
        let common = HTTPCommonFields(date: HTTPDate.format(secondsSince1970: 1_700_000_000))
        var output: [UInt8] = []
        for iteration in 0..<iterations {
            expect(parses(heads[iteration % heads.count], &parser, &request))
            output.removeAll(keepingCapacity: true)
            let plan = HTTPResponseWriter.write(
                response, to: request.method, version: request.version, keepAlive: request.keepAlive, common: common,
                requestID: requestID.span, into: &output)
            expect(plan.keepAlive)
        }
    }

    /// A response as a handler makes it.
    private static func build(_ iterations: Int) {
        for _ in 0..<iterations { expect(response().fields.count == 2) }
    }

    /// An answer's head into octets.
    private static func write(_ iterations: Int) {
        let response = response()
        let common = HTTPCommonFields(date: HTTPDate.format(secondsSince1970: 1_700_000_000))
        var output: [UInt8] = []
        for _ in 0..<iterations {
            output.removeAll(keepingCapacity: true)
            let plan = HTTPResponseWriter.write(
                response, to: .get, version: .http11, keepAlive: true, common: common, requestID: requestID.span,
                into: &output)
            expect(plan.keepAlive)
        }
    }

    /// A body of ten chunks of a hundred octets out of its framing.
    private static func decodeChunks(_ iterations: Int) {
        var octets: [UInt8] = []
        for _ in 0..<10 { HTTPResponseWriter.writeChunk([UInt8](repeating: 0x61, count: 100).span, into: &octets) }
        HTTPResponseWriter.writeLastChunk(into: &octets)
        for _ in 0..<iterations {
            var decoder = HTTPBodyDecoder(framing: .chunked, maximumLength: 1 << 20)
            var consumed = 0
            while (try? decoder.decode(octets.span, consumed: &consumed)) != .end {}
            expect(consumed == octets.count)
        }
    }

    @inline(never)
    private static func response() -> HTTPResponse {
        HTTPResponse(
            status: .ok, fields: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .bytes(emptyContent))
    }

    private static let requestID = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let emptyContent = [UInt8](repeating: 0x20, count: 200)

    private static func parses(
        _ octets: [UInt8], _ parser: inout HTTPRequestParser, _ request: inout HTTPRequest
    ) -> Bool {
        (try? parser.parse(octets.span, into: &request)) == .head(consumed: octets.count)
    }

    private static func expect(_ condition: Bool) {
        guard condition else { fatalError("the work went wrong") }
    }
}
