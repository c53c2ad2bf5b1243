/// Puts the head of an answer, and the chunks of its content, into octets.
public enum HTTPResponseWriter {
    /// How the content must follow the head that was written, and what becomes of the connection.
    public struct Plan: Sendable, Equatable {
        /// How the content is delimited.
        public enum Content: Sendable, Equatable {
            /// None is sent, whatever the response holds.
            case none
            /// As it is, exactly this many octets.
            case length(UInt64)
            /// By `writeChunk` and at last `writeLastChunk`.
            case chunked
            /// As it is, up to the close of the connection.
            case untilClose
        }

        /// How to send the content.
        public var content: Content
        /// Whether the connection is still usable afterwards; if not, the head says so.
        public var keepAlive: Bool

        /// A plan of these parts.
        public init(content: Content, keepAlive: Bool) {
            self.content = content
            self.keepAlive = keepAlive
        }
    }

    /// Appends the head of an answer whose content is of this length, if it is known, and the octets of `content` that
    /// are there already, unless the answer may have none.
    ///
    /// `version` is the request's; the answer always says HTTP/1.1. A Date of the response's own goes before the common
    /// one, and so does an X-Request-ID of its own before `requestID`. Framing fields of the response's own are left
    /// out: see `HTTPResponseFraming`.
    public static func write(
        _ status: HTTPStatus,
        _ fields: HTTPFields,
        _ content: Span<UInt8>,
        contentLength: UInt64?,
        to method: HTTPMethod,
        version: HTTPVersion,
        keepAlive: Bool,
        common: HTTPCommonFields,
        requestID: Span<UInt8>,
        into output: inout [UInt8]
    ) -> Plan {
        let lines = fields.lines.span
        let octets = fields.storage.span
        let framing = HTTPResponseFraming(
            status, lines, octets, bodyLength: contentLength, to: method, version: version, keepAlive: keepAlive)
        let length = framing.plan.content == .none ? 0 : content.count
        // The fields with their line ends, and all that the server itself may add.
        let head = octets.count &+ 2 &* lines.count &+ common.count &+ requestID.count &+ maximumOwnOctets
        output.append(atMost: head &+ length) { answer in
            writeStatusLine(status, into: &answer)
            for index in lines.indices where !framing.owns(lines[index], in: octets) {
                answer.append(octets.extracting(lines[index].whole))
                answer.append("\r\n")
            }
            if !status.isInformational { framing.write(common, requestID, into: &answer) }
            answer.append("\r\n")
            if length > 0 { answer.append(content) }
        }
        return framing.plan
    }

    /// Appends the answer: its head, and its content where that is all there. That of a stream has to follow as the plan
    /// says.
    public static func write(
        _ response: HTTPResponse, to method: HTTPMethod, version: HTTPVersion, keepAlive: Bool,
        common: HTTPCommonFields, requestID: Span<UInt8>, into output: inout [UInt8]
    ) -> Plan {
        write(
            response.status, response.fields, response.content.span, contentLength: response.contentLength, to: method,
            version: version, keepAlive: keepAlive, common: common, requestID: requestID, into: &output)
    }

    // The status line with the longest phrase takes 46, a length 20, its line's end 2, Transfer-Encoding 28, Connection
    // 24, and the empty line 2.
    private static var maximumOwnOctets: Int { 128 }

    /// Appends one chunk; an empty one is skipped, as it would end the message.
    public static func writeChunk(_ content: Span<UInt8>, into output: inout [UInt8]) {
        guard content.count > 0 else { return }
        // Sixteen digits say any size, and two line ends take four octets.
        output.append(atMost: content.count + 20) { chunk in
            chunk.append(hexadecimal: content.count)
            chunk.append("\r\n")
            chunk.append(content)
            chunk.append("\r\n")
        }
    }

    /// Appends the chunk that ends the message.
    public static func writeLastChunk(into output: inout [UInt8]) {
        output.append(contentsOf: "0\r\n\r\n".utf8)
    }

    /// Appends the interim answer that lets the client send its content.
    public static func writeContinue(into output: inout [UInt8]) {
        output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
    }

    private static func writeStatusLine(_ status: HTTPStatus, into head: inout OctetCursor) {
        guard status != .ok else { return head.append("HTTP/1.1 200 OK\r\n") }
        head.append("HTTP/1.1 ")
        head.append(decimal: UInt64(status.code))
        // The space stays where there is no phrase (RFC 9112, section 4).
        head.append(" ")
        head.append(status.phrase)
        head.append("\r\n")
    }
}
