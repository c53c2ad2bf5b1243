import HTTP
import Testing

@Suite struct HTTPResponseWriterTests {
    private final class Stream: HTTPResponseStream {
        let contentLength: UInt64?
        init(_ contentLength: UInt64?) { self.contentLength = contentLength }
    }

    /// The head that was written, without the server's own name for the request, and the plan; the same whether the name
    /// has the length that the server itself gives it or another.
    private func write(
        _ response: HTTPResponse,
        to method: HTTPMethod = .get,
        version: HTTPVersion = .http11,
        keepAlive: Bool = true
    ) -> (lines: [String], plan: HTTPResponseWriter.Plan) {
        let result = write(response, method, version, keepAlive, identifier: "R")
        let usual = write(response, method, version, keepAlive, identifier: String(repeating: "r", count: 32))
        #expect(usual.lines == result.lines && usual.plan == result.plan)
        return result
    }

    private func write(
        _ response: HTTPResponse, _ method: HTTPMethod, _ version: HTTPVersion, _ keepAlive: Bool, identifier: String
    ) -> (lines: [String], plan: HTTPResponseWriter.Plan) {
        var output: [UInt8] = []
        let plan = HTTPResponseWriter.write(
            response,
            to: method,
            version: version,
            keepAlive: keepAlive,
            common: HTTPCommonFields(date: Array("D".utf8)),
            requestID: Array(identifier.utf8).span,
            into: &output
        )
        if plan.content != .none {
            #expect(output.suffix(response.content.count).elementsEqual(response.content))
            output.removeLast(response.content.count)
        }
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.hasSuffix("\r\n\r\n"))
        var lines = text.split(separator: "\r\n").map(String.init)
        let position = lines.firstIndex(of: "X-Request-ID: \(identifier)")
        #expect((position == nil) == (response.status.isInformational || response.fields.contains(.requestID)))
        if let position { lines.remove(at: position) }
        return (lines, plan)
    }

    @Test func `a handler may name the request itself, in any spelling`() {
        for name in ["X-Request-ID", "x-request-id"] as [HTTPFieldName] {
            let lines = write(HTTPResponse(status: .ok, fields: [name: "own"])).lines
            #expect(lines.filter { $0.lowercased().hasPrefix("x-request-id") } == ["\(name): own"])
        }
    }

    @Test func `an answer with content has its length and the date`() {
        let response = HTTPResponse(status: .ok, fields: [.contentType: "text/plain"], body: .bytes([1, 2, 3]))
        let (lines, plan) = write(response)
        #expect(lines == ["HTTP/1.1 200 OK", "Content-Type: text/plain", "Date: D", "Content-Length: 3"])
        #expect(plan == .init(content: .length(3), keepAlive: true))
    }

    @Test func `an answer to HEAD has the same fields and no content`() {
        for body in [HTTPResponseBody.bytes([1, 2]), .empty, .stream(Stream(nil)), .stream(Stream(7))] {
            let response = HTTPResponse(status: .ok, body: body)
            let (lines, plan) = write(response, to: .head)
            #expect(lines == write(response).lines)
            #expect(plan == .init(content: .none, keepAlive: true))
        }
    }

    @Test func `a handler of HEAD may tell a length without content`() {
        let response = HTTPResponse(status: .ok, fields: [.contentLength: "99"])
        #expect(write(response, to: .head).lines.contains("Content-Length: 99"))
        #expect(write(response, to: .get).lines.filter { $0.hasPrefix("Content-Length") } == ["Content-Length: 0"])
    }

    @Test(arguments: [100, 103, 199, 204, 304])
    func `a status without content has neither content nor framing`(_ code: Int) {
        let fields: HTTPFields = [.transferEncoding: "chunked"]
        for body in [HTTPResponseBody.empty, .bytes([1]), .stream(Stream(nil))] {
            let (lines, plan) = write(HTTPResponse(status: HTTPStatus(code: code), fields: fields, body: body))
            #expect(!lines.contains { $0.hasPrefix("Content-Length") || $0.hasPrefix("Transfer-Encoding") })
            #expect(plan == .init(content: .none, keepAlive: true))
        }
    }

    @Test func `204 drops a length and 304 keeps it`() {
        let fields: HTTPFields = [.contentLength: "5"]
        #expect(!write(HTTPResponse(status: .noContent, fields: fields)).lines.contains("Content-Length: 5"))
        #expect(write(HTTPResponse(status: .notModified, fields: fields)).lines.contains("Content-Length: 5"))
    }

    @Test func `205 has no content and says so`() {
        let (lines, plan) = write(HTTPResponse(status: HTTPStatus(code: 205), body: .bytes([1])))
        #expect(lines.contains("Content-Length: 0"))
        #expect(plan.content == .none)
    }

    @Test func `an unknown length is chunked in 1.1 and ends by the close in 1.0`() {
        let response = HTTPResponse(status: .ok, body: .stream(Stream(nil)))
        let new = write(response)
        #expect(new.lines.last == "Transfer-Encoding: chunked")
        #expect(new.plan == .init(content: .chunked, keepAlive: true))
        let old = write(response, version: .http10)
        #expect(old.lines == ["HTTP/1.1 200 OK", "Date: D", "Connection: close"])
        #expect(old.plan == .init(content: .untilClose, keepAlive: false))
    }

    @Test func `a stream of known length has it`() {
        #expect(write(HTTPResponse(status: .ok, body: .stream(Stream(9)))).plan.content == .length(9))
    }

    @Test func `the connection's fate is told where it is not the default`() {
        let response = HTTPResponse(status: .ok)
        func options(_ version: HTTPVersion, _ keepAlive: Bool) -> [String] {
            write(response, version: version, keepAlive: keepAlive).lines.filter { $0.hasPrefix("Connection") }
        }
        #expect(options(.http11, true) == [])
        #expect(options(.http11, false) == ["Connection: close"])
        #expect(options(.http10, true) == ["Connection: keep-alive"])
        #expect(options(.http10, false) == ["Connection: close"])
    }

    @Test func `framing fields of a handler's own are left out, and its close is heeded`() {
        let fields: HTTPFields = [.contentLength: "7", "transfer-encoding": "gzip", .connection: "x, Close", "A": "b"]
        let (lines, plan) = write(HTTPResponse(status: .ok, fields: fields, body: .bytes([1])))
        #expect(lines == ["HTTP/1.1 200 OK", "A: b", "Date: D", "Content-Length: 1", "Connection: close"])
        #expect(!plan.keepAlive)
        let second: HTTPFields = [.connection: "x", "A": "b", .connection: "close"]
        #expect(!write(HTTPResponse(status: .ok, fields: second)).plan.keepAlive)
    }

    @Test func `a date of the response's own is the only one`() {
        let lines = write(HTTPResponse(status: .ok, fields: ["A": "b", .date: "mine", "C": "d"])).lines
        #expect(lines.filter { $0.hasPrefix("Date") } == ["Date: mine"])
    }

    @Test func `a successful CONNECT has no framing`() {
        let (lines, plan) = write(HTTPResponse(status: .ok, body: .bytes([1])), to: .connect)
        #expect(lines == ["HTTP/1.1 200 OK", "Date: D"])
        #expect(plan.content == .none)
    }

    @Test func `a status without a phrase keeps the space before it`() {
        #expect(write(HTTPResponse(status: HTTPStatus(code: 299))).lines.first == "HTTP/1.1 299 ")
    }

    @Test func `chunks are read back by the decoder`() throws {
        var output: [UInt8] = []
        let content = [UInt8](repeating: 7, count: 300)
        HTTPResponseWriter.writeChunk(content.span, into: &output)
        HTTPResponseWriter.writeChunk([UInt8]().span, into: &output)
        HTTPResponseWriter.writeLastChunk(into: &output)
        #expect(output.starts(with: "12c\r\n".utf8))
        var decoder = HTTPBodyDecoder(framing: .chunked, maximumLength: 300)
        var consumed = 0
        #expect(try decoder.decode(guarded: output, consumed: &consumed) == .content(5..<305))
        #expect(try decoder.decode(guarded: output, consumed: &consumed) == .end)
        #expect(consumed == output.count)
    }

    @Test(arguments: [1, 9, 10, 15, 16, 255, 256, 4095, 4096, 65536])
    func `a chunk's size has no zeros in front`(_ size: Int) {
        var output: [UInt8] = []
        HTTPResponseWriter.writeChunk([UInt8](repeating: 0x61, count: size).span, into: &output)
        #expect(output.starts(with: "\(String(size, radix: 16))\r\na".utf8))
        #expect(output.count == size + String(size, radix: 16).count + 4)
    }

    @Test(arguments: [0, 9, 10, 99, 1_234_567_890, UInt64.max])
    func `a length is told in decimal digits`(_ length: UInt64) {
        let lines = write(HTTPResponse(status: .ok, body: .stream(Stream(length)))).lines
        #expect(lines.last == "Content-Length: \(length)")
    }

    @Test func `a field that was parsed is written as it came`() throws {
        var parser = HTTPRequestParser()
        var request = HTTPRequest()
        let head = Array("GET / HTTP/1.1\r\nHost: a\r\nX:\t b \t\r\nY:\r\n\r\n".utf8)
        _ = try parser.parse(guarded: head, into: &request)
        var fields = request.fields
        fields.set("Z", "c")
        let lines = write(HTTPResponse(status: .ok, fields: fields)).lines
        #expect(lines.dropFirst().prefix(4) == ["Host: a", "X:\t b", "Y:", "Z: c"])
    }

    @Test func `the interim answer is a status line and an empty line`() {
        var output: [UInt8] = []
        HTTPResponseWriter.writeContinue(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }
}
