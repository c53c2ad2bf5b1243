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

    /// Of an answer with this status, these field lines in these octets, and a body of this length, if it is known.
    ///
    /// The parts by themselves: reading them out of the whole at each use would count references at each use.
    init(
        _ status: HTTPStatus, _ lines: Span<HTTPFields.Line>, _ octets: Span<UInt8>, bodyLength: UInt64?,
        to method: HTTPMethod, version: HTTPVersion, keepAlive: Bool
    ) {
        (hasOwnDate, hasOwnRequestID, hasOwnFraming) = Self.look(at: lines, octets)
        if let bodyLength, status == .ok, !hasOwnFraming, method != .head, method != .connect, version == .http11 {
            // Most answers are of this kind, and nothing of what follows concerns them.
            lengthField = .contentLength(bodyLength)
            plan = HTTPResponseWriter.Plan(
                content: bodyLength == 0 ? .none : .length(bodyLength), keepAlive: keepAlive)
            saysKeepAlive = false
            return
        }
        let wantsToStay = keepAlive && !(hasOwnFraming && Self.asksToClose(lines, octets))
        let isOld = version < .http11
        let length = status.code == 205 ? 0 : bodyLength
        let hasContent = Self.hasContent(status, method)
        lengthField = Self.lengthField(status, lines, octets, to: method, length: length, isOld: isOld)
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

    private static func look(
        at lines: Span<HTTPFields.Line>, _ octets: Span<UInt8>
    ) -> (hasDate: Bool, hasRequestID: Bool, hasFraming: Bool) {
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

    /// Appends the fields that are not the response's own.
    @inline(__always)
    func write(_ common: HTTPCommonFields, _ requestID: Span<UInt8>, into head: inout OctetCursor) {
        let octets = common.octets.span
        if case .contentLength(let length) = lengthField, !hasOwnDate, !hasOwnRequestID,
            requestID.count == HTTPCommonFields.requestIDLength
        {
            // All of them at once but for what is this answer's own.
            head.append(octets.extracting(..<common.requestIDStart))
            head.append(requestID)
            head.append(octets.extracting(common.requestIDStart &+ HTTPCommonFields.requestIDLength..<common.count))
            head.append(decimal: length)
            head.append("\r\n")
        } else {
            writeOneByOne(common, requestID, into: &head)
        }
        if !plan.keepAlive {
            head.append("Connection: close\r\n")
        } else if saysKeepAlive {
            head.append("Connection: keep-alive\r\n")
        }
    }

    private func writeOneByOne(
        _ common: HTTPCommonFields, _ requestID: Span<UInt8>, into head: inout OctetCursor
    ) {
        if !hasOwnDate { head.append(common.octets.span.extracting(common.dateLine)) }
        switch lengthField {
        case .absent: break
        case .contentLength(let length):
            head.append("Content-Length: ")
            head.append(decimal: length)
            head.append("\r\n")
        case .chunked: head.append("Transfer-Encoding: chunked\r\n")
        }
        if !hasOwnRequestID {
            head.append("X-Request-ID: ")
            head.append(requestID)
            head.append("\r\n")
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
        _ lines: Span<HTTPFields.Line>,
        _ octets: Span<UInt8>,
        to method: HTTPMethod,
        length: UInt64?,
        isOld: Bool
    ) -> LengthField {
        if status.isInformational || status.code == 204 || isTunnel(status, method) { return .absent }
        if status.code == 304 || (method == .head && length == 0) {
            if let own = ownLength(lines, octets) { return .contentLength(own) }
            if status.code == 304 { return .absent }
        }
        if let length { return .contentLength(length) }
        return isOld ? .absent : .chunked
    }

    private static func ownLength(_ lines: Span<HTTPFields.Line>, _ octets: Span<UInt8>) -> UInt64? {
        for index in lines.indices where octets.equalsIgnoringCase("content-length", in: lines[index].name.range) {
            return try? ContentLength.parse(octets.extracting(lines[index].value.range))
        }
        return nil
    }

    private static func asksToClose(_ lines: Span<HTTPFields.Line>, _ octets: Span<UInt8>) -> Bool {
        for index in lines.indices where octets.equalsIgnoringCase("connection", in: lines[index].name.range) {
            var list = FieldList(lines[index].value.range)
            while let element = list.next(octets) {
                if octets.equalsIgnoringCase("close", in: element) { return true }
            }
        }
        return false
    }
}
