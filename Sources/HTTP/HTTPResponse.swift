/// An answer before it is put on the wire.
///
/// Framing is not its business: `HTTPResponseWriter` decides on Content-Length, Transfer-Encoding and Connection, and
/// drops those a handler wrote itself, except where they alone can tell a length (HEAD and 304).
///
/// A copy is one reference; a change makes a new one.
public struct HTTPResponse: Sendable {
    /// The status.
    public var status: HTTPStatus {
        get { parts.status }
        set { parts = Parts(newValue, fields, content, stream) }
    }

    /// The fields, without those of framing.
    public var fields: HTTPFields {
        get { parts.fields }
        set { parts = Parts(status, newValue, content, stream) }
    }

    /// The content.
    public var body: HTTPResponseBody {
        get {
            if let stream { .stream(stream) } else { content.isEmpty ? .empty : .bytes(content) }
        }
        set { parts = Parts(status, fields, newValue.bytes, newValue.stream) }
    }

    private var parts: Parts

    /// An answer of these parts.
    public init(status: HTTPStatus, fields: HTTPFields = HTTPFields(), body: HTTPResponseBody = .empty) {
        parts = Parts(status, fields, body.bytes, body.stream)
    }

    /// The content as far as it is there.
    public var content: [UInt8] { parts.content }

    /// Where the content comes from over time, if it does; then there is none yet.
    public var stream: (any HTTPResponseStream)? { parts.stream }

    /// How long the content is, where that is known beforehand.
    public var contentLength: UInt64? {
        if let stream { stream.contentLength } else { UInt64(content.count) }
    }

    /// Whether all of the content is there.
    public var isWhole: Bool { parts.stream == nil }

    /// How many octets of content are there.
    public var contentCount: Int { parts.content.count }

    /// Constant, so that to look at a part counts no reference.
    private final class Parts: Sendable {
        let status: HTTPStatus
        let fields: HTTPFields
        let content: [UInt8]
        let stream: (any HTTPResponseStream)?

        init(_ status: HTTPStatus, _ fields: HTTPFields, _ content: [UInt8], _ stream: (any HTTPResponseStream)?) {
            self.status = status
            self.fields = fields
            self.content = content
            self.stream = stream
        }
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

    fileprivate var bytes: [UInt8] {
        if case .bytes(let bytes) = self { bytes } else { [] }
    }

    fileprivate var stream: (any HTTPResponseStream)? {
        if case .stream(let stream) = self { stream } else { nil }
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
