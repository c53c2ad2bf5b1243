/// The first line of a request: method, target, version, with exactly one space between (RFC 9112, section 3).
enum RequestLine {
    typealias Failure = HTTPRequestParser.Failure

    /// Judges a whole line, and notes in the request what it says.
    static func parse(_ bytes: Span<UInt8>, _ line: Range<Int>, into request: inout HTTPRequest) throws(Failure) {
        let methodEnd = bytes.end(of: OctetsWithoutSpace.self, in: line)
        guard methodEnd > line.lowerBound, methodEnd < line.upperBound else { throw .malformedRequestLine }
        let method = line.lowerBound..<methodEnd
        let known = HTTPMethod(token: bytes, method)
        if known == nil, bytes.end(of: TokenOctets.self, in: method) < methodEnd { throw .invalidMethod }
        let targetEnd = bytes.end(of: OctetsWithoutSpace.self, in: methodEnd + 1..<line.upperBound)
        guard targetEnd > methodEnd + 1, targetEnd < line.upperBound else { throw .malformedRequestLine }
        request.version = try version(bytes, targetEnd + 1..<line.upperBound)
        guard let known else { throw .unknownMethod }
        request.method = known
        try RequestTarget.parse(bytes, methodEnd + 1..<targetEnd, into: &request)
    }

    /// Why a line beyond the limit is refused, from the octets up to the limit: a method longer than any is unknown
    /// (501), and with a method that ends, it is the target that is too long (414).
    static func failure(whenTooLong bytes: Span<UInt8>, _ line: Range<Int>) -> Failure {
        if bytes.end(of: OctetsWithoutSpace.self, in: line) < line.upperBound { return .requestLineTooLong }
        if bytes.end(of: TokenOctets.self, in: line) < line.upperBound { return .invalidMethod }
        return line.count < HTTPMethod.longestSpelling ? .requestLineTooLong : .unknownMethod
    }

    // What follows the second space; a third one in it makes the line no request line at all.
    private static func version(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Failure) -> HTTPVersion {
        if bytes.equals("HTTP/1.1", in: range) { return .http11 }
        let start = range.lowerBound
        guard bytes.end(of: OctetsWithoutSpace.self, in: range) == range.upperBound else { throw .malformedRequestLine }
        guard
            range.count == 8,
            bytes.equals("HTTP/", in: start..<start + 5),
            Octets.isDigit(bytes[start + 5]),
            bytes[start + 6] == 0x2E,
            Octets.isDigit(bytes[start + 7])
        else { throw .invalidVersion }
        guard bytes[start + 5] == 0x31 else { throw .unsupportedVersion }
        return HTTPVersion(major: 1, minor: bytes[start + 7] - 0x30)
    }
}
