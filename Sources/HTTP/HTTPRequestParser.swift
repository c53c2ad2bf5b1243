/// Reads the head of a request from octets that come in any pieces (RFC 9112), as strictly as the RFC allows.
///
/// Give it the unread octets from the head's first one on, more of them each time, and the same request, until it
/// answers `.head`. It keeps nothing but how far it has looked, so each octet is looked at a fixed number of times
/// however finely the input is cut; and what it answers depends on the octets alone, never on the cuts. After a
/// failure the connection cannot be used any more: where the next message begins is unknown.
public struct HTTPRequestParser: Sendable {
    /// What came of the octets so far.
    public enum Outcome: Sendable, Equatable {
        /// The head is not complete.
        case needsMoreBytes
        /// The request is filled in; its head took this many octets, and the body or the next head follows.
        case head(consumed: Int)
    }

    private let limits: Limits

    /// A parser with these limits.
    public init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Looks at the octets from the head's first one on, and fills in the request once all of its head is there.
    public mutating func parse(_ bytes: Span<UInt8>, into request: inout HTTPRequest) throws(Failure) -> Outcome {
        .needsMoreBytes
    }

    /// Forgets a head that has begun, to start with another.
    public mutating func reset() {}
}
