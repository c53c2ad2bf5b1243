/// The head of a request as the parser accepted it.
///
/// Its storage is reused: parse the next head into the same variable and, while no copy of the last one is alive,
/// nothing is allocated. Text is made only when asked for; the `with…` methods lend the octets instead.
public struct HTTPRequest: Sendable {
    /// The method.
    public internal(set) var method: HTTPMethod = .get
    /// The version the client named; a minor version above 1 is treated as 1.1.
    public internal(set) var version: HTTPVersion = .http11
    /// The fields.
    public internal(set) var fields = HTTPFields()
    /// How the content is delimited.
    public internal(set) var framing = HTTPBodyFraming.none
    /// Whether the client leaves the connection open for another request.
    public internal(set) var keepAlive = true
    /// Whether the client waits for 100 before it sends the content; never so for HTTP/1.0 or without content.
    public internal(set) var expectsContinue = false

    /// The scheme that an absolute target names; nil for the other forms, which go by how the request came.
    public internal(set) var targetScheme: HTTPScheme?

    // Where these lie in the fields' storage.
    var targetExtent = HTTPFields.Extent.none
    var pathExtent = HTTPFields.Extent.none
    var queryExtent: HTTPFields.Extent?
    var authorityExtent: HTTPFields.Extent?
    /// The field section with its empty line, where the next head may be compared with it; else none.
    var sectionExtent = HTTPFields.Extent.none

    /// An empty head to parse into.
    public init() {}

    /// The path before percent-decoding: what follows the authority in absolute-form, `*` in asterisk-form, empty in
    /// authority-form.
    public var path: String { text(pathExtent) }

    /// What follows the first question mark, before percent-decoding; nil without one.
    public var query: String? { queryExtent.map(text) }

    /// The request target as it was sent.
    public var target: String { text(targetExtent) }

    /// Whom the request is for: the authority of an absolute target, or else the Host; nil only in HTTP/1.0.
    public var authority: String? { authorityExtent.map(text) }

    /// Lends the octets of the path, uncopied.
    public func withPath<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(fields.storage.span.extracting(pathExtent.range))
    }

    /// Lends the octets of the query, uncopied; none when there is no query.
    public func withQuery<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(fields.storage.span.extracting((queryExtent ?? .none).range))
    }

    /// Lends the octets of the target, uncopied.
    public func withTarget<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(fields.storage.span.extracting(targetExtent.range))
    }

    private func text(_ extent: HTTPFields.Extent) -> String {
        String(decoding: fields.storage[extent.range], as: UTF8.self)
    }

    /// Forgets everything but the memory.
    mutating func clear() {
        clearFields()
        targetExtent = .none
        pathExtent = .none
        queryExtent = nil
    }

    /// Forgets the fields and what they mean.
    mutating func clearFields() {
        // The octets stay until the next head's take their place.
        fields.lines.removeAll(keepingCapacity: true)
        framing = .none
        keepAlive = true
        expectsContinue = false
        targetScheme = nil
        authorityExtent = nil
        sectionExtent = .none
    }
}

/// The two schemes of the URIs that a server can be asked for (RFC 9110, section 4.2).
public enum HTTPScheme: Sendable, Equatable {
    /// `http`: without TLS.
    case http
    /// `https`: what did not come by TLS must not be answered as if it had (RFC 9110, section 7.4).
    case https
}
