/// The codings of all Transfer-Encoding fields of a request, in order (RFC 9112, sections 6.1 and 7).
///
/// Only `chunked`, once and last, is served. Everything that a lenient recipient could read as `chunked` and another
/// not (parameters, empty elements, a second `chunked`) is refused.
struct TransferCodings {
    private(set) var areGiven = false
    private var chunkedCount = 0
    private var endsInChunked = false
    private var hasUnknown = false

    /// Takes in the codings of one more field.
    mutating func add(_ octets: Span<UInt8>, _ value: Range<Int>) throws(HTTPRequestParser.Failure) {
        areGiven = true
        var list = FieldList(value)
        while let element = list.next(octets) { try take(octets, element) }
    }

    /// Whether the whole is `chunked` and nothing else.
    func validate() throws(HTTPRequestParser.Failure) {
        guard chunkedCount <= 1, endsInChunked || chunkedCount == 0 else { throw .invalidTransferEncoding }
        guard !hasUnknown else { throw .unknownTransferCoding }
    }

    private mutating func take(_ octets: Span<UInt8>, _ coding: Range<Int>) throws(HTTPRequestParser.Failure) {
        let name = coding.lowerBound..<octets.end(of: TokenOctets.self, in: coding)
        var next = name.upperBound
        while next < coding.upperBound, Octets.isBlank(octets[next]) { next += 1 }
        let hasParameters = next < coding.upperBound && octets[next] == Octets.semicolon
        guard !name.isEmpty, next == coding.upperBound || hasParameters else { throw .invalidTransferEncoding }
        let isChunked = octets.equalsIgnoringCase("chunked", in: name)
        guard !(isChunked && hasParameters) else { throw .invalidTransferEncoding }
        chunkedCount += isChunked ? 1 : 0
        endsInChunked = isChunked
        hasUnknown = hasUnknown || !isChunked
    }
}
