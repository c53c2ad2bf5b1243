/// Finds the content in the octets after a head: by length or by chunks (RFC 9112, sections 6 and 7).
public struct HTTPBodyDecoder: Sendable {
    /// What the octets after `consumed` turned out to be.
    public enum Event: Sendable, Equatable {
        /// Content at this range of the input; there may be more right behind it, so decode again.
        case content(Range<Int>)
        /// All octets are consumed and the message goes on.
        case needsMoreBytes
        /// The message is over; what lies after `consumed` belongs to the next one.
        case end
    }

    /// A decoder for the body of one message; nil as the maximum means that there is none.
    public init(
        framing: HTTPBodyFraming,
        limits: HTTPRequestParser.Limits = HTTPRequestParser.Limits(),
        maximumLength: UInt64?
    ) {}

    /// Goes on from `consumed`, moves it past what it has understood, and never looks at an octet twice.
    public mutating func decode(
        _ bytes: Span<UInt8>,
        consumed: inout Int
    ) throws(HTTPRequestParser.Failure) -> Event {
        .needsMoreBytes
    }
}
