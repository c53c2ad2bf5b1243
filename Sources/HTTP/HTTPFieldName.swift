/// The name of a field: a non-empty token, the same in any case (RFC 9110, section 5.1).
public struct HTTPFieldName: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The name as it was spelt, and as it is written out.
    public let description: String

    /// A name of any spelling, or nil when it is no token.
    public init?(_ name: String) {
        guard !name.isEmpty, name.utf8.allSatisfy(Octets.isToken) else { return nil }
        description = name
    }

    /// A name written in the program; one that is no token stops the program.
    public init(stringLiteral name: StaticString) {
        let text = "\(name)"
        precondition(!text.isEmpty && text.utf8.allSatisfy(Octets.isToken), "a field name is a token")
        description = text
    }

    // For the names below: nothing to check, nothing to copy.
    private init(known name: String) { description = name }

    /// Whether both are the same name in any case.
    public static func == (left: HTTPFieldName, right: HTTPFieldName) -> Bool {
        left.description.utf8Span.span.equalsIgnoringCase(right.description.utf8Span.span)
    }

    /// Feeds the name in small letters.
    public func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(Octets.lowercased(byte)) }
    }
}

// Computed rather than stored: a literal costs nothing, a stored static costs a check of its initialisation.
extension HTTPFieldName {
    /// `Accept`.
    public static var accept: HTTPFieldName { HTTPFieldName(known: "Accept") }
    /// `Accept-Encoding`.
    public static var acceptEncoding: HTTPFieldName { HTTPFieldName(known: "Accept-Encoding") }
    /// `Allow`.
    public static var allow: HTTPFieldName { HTTPFieldName(known: "Allow") }
    /// `Authorization`.
    public static var authorization: HTTPFieldName { HTTPFieldName(known: "Authorization") }
    /// `Cache-Control`.
    public static var cacheControl: HTTPFieldName { HTTPFieldName(known: "Cache-Control") }
    /// `Connection`.
    public static var connection: HTTPFieldName { HTTPFieldName(known: "Connection") }
    /// `Content-Encoding`.
    public static var contentEncoding: HTTPFieldName { HTTPFieldName(known: "Content-Encoding") }
    /// `Content-Length`.
    public static var contentLength: HTTPFieldName { HTTPFieldName(known: "Content-Length") }
    /// `Content-Type`.
    public static var contentType: HTTPFieldName { HTTPFieldName(known: "Content-Type") }
    /// `Date`.
    public static var date: HTTPFieldName { HTTPFieldName(known: "Date") }
    /// `ETag`.
    public static var entityTag: HTTPFieldName { HTTPFieldName(known: "ETag") }
    /// `Expect`.
    public static var expect: HTTPFieldName { HTTPFieldName(known: "Expect") }
    /// `Host`.
    public static var host: HTTPFieldName { HTTPFieldName(known: "Host") }
    /// `Idempotency-Key`.
    public static var idempotencyKey: HTTPFieldName { HTTPFieldName(known: "Idempotency-Key") }
    /// `If-Match`.
    public static var ifMatch: HTTPFieldName { HTTPFieldName(known: "If-Match") }
    /// `If-None-Match`.
    public static var ifNoneMatch: HTTPFieldName { HTTPFieldName(known: "If-None-Match") }
    /// `Last-Modified`.
    public static var lastModified: HTTPFieldName { HTTPFieldName(known: "Last-Modified") }
    /// `Link`.
    public static var link: HTTPFieldName { HTTPFieldName(known: "Link") }
    /// `Location`.
    public static var location: HTTPFieldName { HTTPFieldName(known: "Location") }
    /// `Retry-After`.
    public static var retryAfter: HTTPFieldName { HTTPFieldName(known: "Retry-After") }
    /// `Server`.
    public static var server: HTTPFieldName { HTTPFieldName(known: "Server") }
    /// `Transfer-Encoding`.
    public static var transferEncoding: HTTPFieldName { HTTPFieldName(known: "Transfer-Encoding") }
    /// `Vary`.
    public static var vary: HTTPFieldName { HTTPFieldName(known: "Vary") }
    /// `WWW-Authenticate`.
    public static var wwwAuthenticate: HTTPFieldName { HTTPFieldName(known: "WWW-Authenticate") }
    /// `X-Request-ID`.
    public static var requestID: HTTPFieldName { HTTPFieldName(known: "X-Request-ID") }
}
