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
    /// response's own goes first. Framing fields of the response's own are left out: see `HTTPResponseFraming`.
    public static func writeHead(
        of response: HTTPResponse,
        to method: HTTPMethod,
        version: HTTPVersion,
        keepAlive: Bool,
        date: [UInt8],
        into output: inout [UInt8]
    ) -> Plan {
        let framing = HTTPResponseFraming(of: response, to: method, version: version, keepAlive: keepAlive)
        writeStatusLine(response.status, into: &output)
        writeFields(response.fields, into: &output)
        if !response.status.isInformational {
            if !response.fields.contains(.date) {
                output.append(contentsOf: "Date: ".utf8)
                output.append(contentsOf: date)
                output.append(contentsOf: "\r\n".utf8)
            }
            framing.write(into: &output)
        }
        output.append(contentsOf: "\r\n".utf8)
        return framing.plan
    }

    /// Appends one chunk; an empty one is skipped, as it would end the message.
    public static func writeChunk(_ content: Span<UInt8>, into output: inout [UInt8]) {
        guard content.count > 0 else { return }
        output.append(contentsOf: String(content.count, radix: 16).utf8)
        output.append(contentsOf: "\r\n".utf8)
        // Safe: the buffer does not outlive the call.
        unsafe content.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
        output.append(contentsOf: "\r\n".utf8)
    }

    /// Appends the chunk that ends the message.
    public static func writeLastChunk(into output: inout [UInt8]) {
        output.append(contentsOf: "0\r\n\r\n".utf8)
    }

    /// Appends the interim answer that lets the client send its content.
    public static func writeContinue(into output: inout [UInt8]) {
        output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
    }

    private static func writeStatusLine(_ status: HTTPStatus, into output: inout [UInt8]) {
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        let code = status.code
        output.append(0x30 + UInt8(code / 100))
        output.append(0x30 + UInt8(code / 10 % 10))
        output.append(0x30 + UInt8(code % 10))
        // The space stays where there is no phrase (RFC 9112, section 4).
        output.append(Octets.space)
        output.append(contentsOf: status.reason.utf8)
        output.append(contentsOf: "\r\n".utf8)
    }

    private static func writeFields(_ fields: HTTPFields, into output: inout [UInt8]) {
        for index in 0..<fields.count where !HTTPResponseFraming.owns(fields, index) {
            let line = fields.lines[index]
            output.append(contentsOf: fields.storage[line.name.range])
            output.append(contentsOf: ": ".utf8)
            output.append(contentsOf: fields.storage[line.value.range])
            output.append(contentsOf: "\r\n".utf8)
        }
    }
}
