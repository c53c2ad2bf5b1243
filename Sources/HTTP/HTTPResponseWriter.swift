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
    }

    /// Appends the status line and all fields with the empty line after them.
    ///
    /// `version` is the request's; the answer always says HTTP/1.1. `date` is an IMF-fixdate; a Date of the
    /// response's own goes first.
    public static func writeHead(
        of response: HTTPResponse,
        to method: HTTPMethod,
        version: HTTPVersion,
        keepAlive: Bool,
        date: [UInt8],
        into output: inout [UInt8]
    ) -> Plan {
        Plan(content: .none, keepAlive: keepAlive)
    }

    /// Appends one chunk; an empty one is skipped, as it would end the message.
    public static func writeChunk(_ content: Span<UInt8>, into output: inout [UInt8]) {}

    /// Appends the chunk that ends the message.
    public static func writeLastChunk(into output: inout [UInt8]) {}

    /// Appends the interim answer that lets the client send its content.
    public static func writeContinue(into output: inout [UInt8]) {}
}
