/// The protocol version of a message: two single digits (RFC 9112, section 2.3).
public struct HTTPVersion: Sendable, Hashable, Comparable {
    /// The digit before the dot.
    public let major: UInt8
    /// The digit after the dot.
    public let minor: UInt8

    /// A version of these two digits.
    public init(major: UInt8, minor: UInt8) {
        self.major = major
        self.minor = minor
    }

    /// HTTP/1.0, which closes unless asked not to.
    public static var http10: HTTPVersion { HTTPVersion(major: 1, minor: 0) }
    /// HTTP/1.1, what every answer says it is.
    public static var http11: HTTPVersion { HTTPVersion(major: 1, minor: 1) }

    /// Orders versions by major digit, then by minor digit.
    public static func < (left: HTTPVersion, right: HTTPVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
