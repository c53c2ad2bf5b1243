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

    /// Appends the status line and all fields with the empty line after them.
    ///
    /// `version` is the request's; the answer always says HTTP/1.1. `date` is an IMF-fixdate; a Date of the
    /// response's own goes first, and so does an X-Request-ID of its own before `requestID`. Framing fields of the
    /// response's own are left out: see `HTTPResponseFraming`.
    public static func writeHead(
        of response: HTTPResponse,
        to method: HTTPMethod,
        version: HTTPVersion,
        keepAlive: Bool,
        date: [UInt8],
        requestID: Span<UInt8>,
        into output: inout [UInt8]
    ) -> Plan {
        write(
            response.status, response.fields, response.body.contentLength, to: method, version: version,
            keepAlive: keepAlive, date: date, requestID: requestID, into: &output)
    }

    private static func write(
        _ status: HTTPStatus, _ fields: HTTPFields, _ bodyLength: UInt64?, to method: HTTPMethod,
        version: HTTPVersion, keepAlive: Bool, date: [UInt8], requestID: Span<UInt8>,
        into output: inout [UInt8]
    ) -> Plan {
        let framing = HTTPResponseFraming(
            status, fields, bodyLength: bodyLength, to: method, version: version, keepAlive: keepAlive)
        // The fields with their line ends, and all that the server itself may add.
        let most = fields.storage.count + 2 * fields.count + date.count + requestID.count + maximumOwnOctets
        output.append(addingCapacity: most) { head in
            writeStatusLine(status, into: &head)
            writeFields(fields, framing, into: &head)
            if !status.isInformational {
                if !framing.hasOwnDate {
                    head.append("Date: ")
                    head.append(date.span)
                    head.append("\r\n")
                }
                framing.write(into: &head)
                if !framing.hasOwnRequestID {
                    head.append("X-Request-ID: ")
                    head.append(requestID)
                    head.append("\r\n")
                }
            }
            head.append("\r\n")
        }
        return framing.plan
    }

    // The status line with the longest phrase takes 46, Date without its value 8, Content-Length 38, Transfer-Encoding
    // 28, Connection 24, X-Request-ID without its value 16 and the empty line 2.
    private static var maximumOwnOctets: Int { 176 }

    /// Appends one chunk; an empty one is skipped, as it would end the message.
    public static func writeChunk(_ content: Span<UInt8>, into output: inout [UInt8]) {
        guard content.count > 0 else { return }
        // Sixteen digits say any size, and two line ends take four octets.
        output.append(addingCapacity: content.count + 20) { chunk in
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

    private static func writeStatusLine(_ status: HTTPStatus, into head: inout OutputSpan<UInt8>) {
        guard status != .ok else { return head.append("HTTP/1.1 200 OK\r\n") }
        head.append("HTTP/1.1 ")
        head.append(decimal: UInt64(status.code))
        // The space stays where there is no phrase (RFC 9112, section 4).
        head.append(" ")
        head.append(status.phrase)
        head.append("\r\n")
    }

    private static func writeFields(
        _ fields: HTTPFields, _ framing: HTTPResponseFraming, into head: inout OutputSpan<UInt8>
    ) {
        let octets = fields.storage.span
        for index in 0..<fields.lines.count where !framing.owns(fields.lines[index], in: octets) {
            head.append(octets.extracting(fields.lines[index].whole))
            head.append("\r\n")
        }
    }
}
