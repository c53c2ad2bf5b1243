/// How a request says where its content ends (RFC 9112, section 6.3).
public enum HTTPBodyFraming: Sendable, Equatable {
    /// No content.
    case none
    /// This many octets; zero is the same as none.
    case contentLength(UInt64)
    /// Chunks, up to the one of size zero and its trailers.
    case chunked

    /// Whether octets of the body follow the head.
    public var hasBody: Bool { self != .none && self != .contentLength(0) }
}
