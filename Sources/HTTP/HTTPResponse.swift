/// An answer before it is put on the wire.
///
/// Framing is not its business: `HTTPResponseWriter` decides on Content-Length, Transfer-Encoding and Connection, and
/// drops those a handler wrote itself, except where they alone can tell a length (HEAD and 304).
public struct HTTPResponse: Sendable {
    /// The status.
    public var status: HTTPStatus
    /// The fields, without those of framing.
    public var fields: HTTPFields
    /// The content.
    public var body: HTTPResponseBody

    /// An answer of these parts.
    public init(status: HTTPStatus, fields: HTTPFields = HTTPFields(), body: HTTPResponseBody = .empty) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// The content of an answer.
public enum HTTPResponseBody: Sendable {
    /// None.
    case empty
    /// All of it, now.
    case bytes([UInt8])
    /// More of it over time.
    case stream(any HTTPResponseStream)

    /// The length where it is known beforehand.
    public var contentLength: UInt64? {
        switch self {
        case .empty: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .stream(let stream): stream.contentLength
        }
    }
}

/// Content that comes over time. This module only needs its length; how the octets travel is the server's affair.
public protocol HTTPResponseStream: AnyObject, Sendable {
    /// The whole length where it is known beforehand; nil makes it chunked, or delimited by the close in HTTP/1.0.
    var contentLength: UInt64? { get }
}

extension HTTPResponseStream {
    /// Unknown, as it mostly is.
    public var contentLength: UInt64? { nil }
}
