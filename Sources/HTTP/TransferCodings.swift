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
        while let element = list.next(octets) { try add(octets.extracting(element)) }
    }

    /// Whether the whole is `chunked` and nothing else.
    func validate() throws(HTTPRequestParser.Failure) {
        guard chunkedCount <= 1, endsInChunked || chunkedCount == 0 else { throw .invalidTransferEncoding }
        guard !hasUnknown else { throw .unknownTransferCoding }
    }

    private mutating func add(_ coding: Span<UInt8>) throws(HTTPRequestParser.Failure) {
        var nameEnd = 0
        while nameEnd < coding.count, Octets.isToken(coding[nameEnd]) { nameEnd += 1 }
        var next = nameEnd
        while next < coding.count, Octets.isBlank(coding[next]) { next += 1 }
        let hasParameters = next < coding.count && coding[next] == Octets.semicolon
        guard nameEnd > 0, next == coding.count || hasParameters else { throw .invalidTransferEncoding }
        let isChunked = coding.extracting(..<nameEnd).equalsIgnoringCase("chunked".utf8Span.span)
        guard !(isChunked && hasParameters) else { throw .invalidTransferEncoding }
        chunkedCount += isChunked ? 1 : 0
        endsInChunked = isChunked
        hasUnknown = hasUnknown || !isChunked
    }
}
