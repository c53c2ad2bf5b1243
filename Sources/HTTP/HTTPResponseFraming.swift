/// Which of Content-Length, Transfer-Encoding and Connection an answer carries (RFC 9112, sections 6 and 9).
///
/// The three belong to the server: a handler's own are left out, but for a length that it alone can know (of the answer
/// to HEAD without a body at hand, and of 304) and for the option `close`.
struct HTTPResponseFraming {
    private enum LengthField {
        case absent
        case contentLength(UInt64)
        case chunked
    }

    private var lengthField: LengthField
    private var saysKeepAlive: Bool

    /// What the caller must do.
    let plan: HTTPResponseWriter.Plan

    /// Whether a handler has told the date itself.
    let hasOwnDate: Bool

    /// Whether a handler has named the request itself.
    let hasOwnRequestID: Bool

    // Whether there is a field of a handler's own to leave out.
    private let hasOwnFraming: Bool

    /// Of an answer with this status, these fields, and a body of this length, if it is known.
    ///
    /// The parts by themselves: reading them out of the whole at each use would count references at each use.
    init(
        _ status: HTTPStatus, _ fields: HTTPFields, bodyLength: UInt64?, to method: HTTPMethod, version: HTTPVersion,
        keepAlive: Bool
    ) {
        (hasOwnDate, hasOwnRequestID, hasOwnFraming) = Self.look(at: fields)
        let wantsToStay = keepAlive && !(hasOwnFraming && Self.asksToClose(fields))
        let isOld = version < .http11
        let length = status.code == 205 ? 0 : bodyLength
        let hasContent = Self.hasContent(status, method)
        lengthField = Self.lengthField(status, fields, to: method, length: length, isOld: isOld)
        // Without a length and without chunks only the close can say where the content ends.
        let endsByClose = hasContent && length == nil && isOld
        let content: HTTPResponseWriter.Plan.Content =
            if !hasContent || length == 0 {
                .none
            } else if let length {
                .length(length)
            } else {
                isOld ? .untilClose : .chunked
            }
        plan = HTTPResponseWriter.Plan(content: content, keepAlive: wantsToStay && !endsByClose)
        saysKeepAlive = isOld
    }

    private static func look(at fields: HTTPFields) -> (hasDate: Bool, hasRequestID: Bool, hasFraming: Bool) {
        let octets = fields.storage.span
        let lines = fields.lines.span
        var hasDate = false
        var hasRequestID = false
        var hasFraming = false
        for index in lines.indices {
            let line = lines[index]
            switch line.name.count {
            case 4: hasDate = hasDate || octets.equalsIgnoringCase("date", in: line.name.range)
            case 12: hasRequestID = hasRequestID || octets.equalsIgnoringCase("x-request-id", in: line.name.range)
            default: hasFraming = hasFraming || isFraming(line, in: octets)
            }
        }
        return (hasDate, hasRequestID, hasFraming)
    }

    /// Whether the field is left to this type.
    @inline(__always)
    func owns(_ line: HTTPFields.Line, in octets: Span<UInt8>) -> Bool {
        hasOwnFraming && Self.isFraming(line, in: octets)
    }

    @inline(__always)
    private static func isFraming(_ line: HTTPFields.Line, in octets: Span<UInt8>) -> Bool {
        let name = line.name.range
        return switch name.count {
        case 10: octets.equalsIgnoringCase("connection", in: name)
        case 14: octets.equalsIgnoringCase("content-length", in: name)
        case 17: octets.equalsIgnoringCase("transfer-encoding", in: name)
        default: false
        }
    }

    /// Appends the fields.
    func write(into head: inout OutputSpan<UInt8>) {
        switch lengthField {
        case .absent: break
        case .contentLength(let length):
            head.append("Content-Length: ")
            head.append(decimal: length)
            head.append("\r\n")
        case .chunked: head.append("Transfer-Encoding: chunked\r\n")
        }
        if !plan.keepAlive {
            head.append("Connection: close\r\n")
        } else if saysKeepAlive {
            head.append("Connection: keep-alive\r\n")
        }
    }

    private static func hasContent(_ status: HTTPStatus, _ method: HTTPMethod) -> Bool {
        status.allowsContent && method != .head && status.code != 205 && !isTunnel(status, method)
    }

    // An answer 2xx to CONNECT has neither content nor framing (RFC 9110, section 9.3.6).
    private static func isTunnel(_ status: HTTPStatus, _ method: HTTPMethod) -> Bool {
        method == .connect && (200..<300).contains(status.code)
    }

    private static func lengthField(
        _ status: HTTPStatus,
        _ fields: HTTPFields,
        to method: HTTPMethod,
        length: UInt64?,
        isOld: Bool
    ) -> LengthField {
        if status.isInformational || status.code == 204 || isTunnel(status, method) { return .absent }
        if status.code == 304 || (method == .head && length == 0) {
            if let own = ownLength(fields) { return .contentLength(own) }
            if status.code == 304 { return .absent }
        }
        if let length { return .contentLength(length) }
        return isOld ? .absent : .chunked
    }

    private static func ownLength(_ fields: HTTPFields) -> UInt64? {
        guard let index = fields.firstIndex(of: .contentLength) else { return nil }
        return fields.withValue(at: index) { try? ContentLength.parse($0) }
    }

    private static func asksToClose(_ fields: HTTPFields) -> Bool {
        let octets = fields.storage.span
        for line in fields.lines where octets.equalsIgnoringCase("connection", in: line.name.range) {
            var list = FieldList(line.value.range)
            while let element = list.next(octets) {
                if octets.equalsIgnoringCase("close", in: element) { return true }
            }
        }
        return false
    }
}
