/// The four forms of a request target (RFC 9112, section 3.2), told apart by the method and the first octets.
enum RequestTarget {
    typealias Failure = HTTPRequestParser.Failure

    /// Judges a target and notes its parts in the request; the authority only where the target has one.
    static func parse(_ bytes: Span<UInt8>, _ target: Range<Int>, into request: inout HTTPRequest) throws(Failure) {
        request.targetExtent = HTTPFields.Extent(target)
        if request.method == .connect { return try parseAuthorityForm(bytes, target, into: &request) }
        if bytes[target.lowerBound] == Octets.slash { return try parsePath(bytes, target, into: &request) }
        if target.count == 1, bytes[target.lowerBound] == Octets.asterisk {
            guard request.method == .options else { throw .targetFormNotAllowed }
            request.pathExtent = HTTPFields.Extent(target)
            return
        }
        try parseAbsoluteForm(bytes, target, into: &request)
    }

    private static func parseAuthorityForm(
        _ bytes: Span<UInt8>,
        _ target: Range<Int>,
        into request: inout HTTPRequest
    ) throws(Failure) {
        guard Authority.isValid(bytes, target, portRequired: true) else { throw .targetFormNotAllowed }
        request.authorityExtent = HTTPFields.Extent(target)
    }

    private static func parseAbsoluteForm(
        _ bytes: Span<UInt8>,
        _ target: Range<Int>,
        into request: inout HTTPRequest
    ) throws(Failure) {
        guard let (scheme, start) = scheme(bytes, target) else {
            let isAuthority = Authority.isValid(bytes, target, portRequired: true)
            throw isAuthority ? .targetFormNotAllowed : .invalidTarget
        }
        request.targetScheme = scheme
        var end = start
        while end < target.upperBound, bytes[end] != Octets.slash, bytes[end] != Octets.questionMark { end += 1 }
        guard Authority.isValid(bytes, start..<end, portRequired: false) else { throw .invalidHost }
        request.authorityExtent = HTTPFields.Extent(start..<end)
        try parsePath(bytes, end..<target.upperBound, into: &request)
    }

    // The scheme in any case, and where the authority behind it begins. Whether TLS carried it is not known here.
    private static func scheme(_ bytes: Span<UInt8>, _ target: Range<Int>) -> (HTTPScheme, authorityStart: Int)? {
        let start = target.lowerBound
        if target.count >= 7, bytes.equalsIgnoringCase("http://", in: start..<start + 7) { return (.http, start + 7) }
        if target.count >= 8, bytes.equalsIgnoringCase("https://", in: start..<start + 8) { return (.https, start + 8) }
        return nil
    }

    private static func parsePath(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        into request: inout HTTPRequest
    ) throws(Failure) {
        let end = try scan(bytes, range, over: PathOctets.self)
        request.pathExtent = HTTPFields.Extent(range.lowerBound..<end)
        guard end < range.upperBound else { return }
        guard bytes[end] == Octets.questionMark else { throw .invalidTarget }
        let query = end + 1..<range.upperBound
        guard try scan(bytes, query, over: QueryOctets.self) == query.upperBound else { throw .invalidTarget }
        request.queryExtent = HTTPFields.Extent(query)
    }

    // The first octet that is neither of the class nor part of an escape. `%00` is refused here for all: nothing that
    // is looked up by a path or a query may hold a NUL.
    private static func scan<Class: OctetClass>(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        over octets: Class.Type
    ) throws(Failure) -> Int {
        var index = bytes.end(of: octets, in: range)
        while index < range.upperBound, bytes[index] == Octets.percent {
            guard
                index + 2 < range.upperBound,
                let high = Octets.hexValue(bytes[index + 1]),
                let low = Octets.hexValue(bytes[index + 2]),
                high | low != 0
            else { throw .invalidTarget }
            index = bytes.end(of: octets, in: index + 3..<range.upperBound)
        }
        return index
    }
}
