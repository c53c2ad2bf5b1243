/// The first line of a request: method, target, version, with exactly one space between (RFC 9112, section 3).
enum RequestLine {
    typealias Failure = HTTPRequestParser.Failure

    /// Judges a whole line, and notes in the request what it says.
    static func parse(_ bytes: Span<UInt8>, _ line: Range<Int>, into request: inout HTTPRequest) throws(Failure) {
        guard let methodEnd = firstSpace(bytes, line), methodEnd > line.lowerBound else {
            throw .malformedRequestLine
        }
        let method = line.lowerBound..<methodEnd
        for index in method where !Octets.isToken(bytes[index]) { throw .invalidMethod }
        guard
            let targetEnd = firstSpace(bytes, methodEnd + 1..<line.upperBound),
            targetEnd > methodEnd + 1,
            firstSpace(bytes, targetEnd + 1..<line.upperBound) == nil
        else { throw .malformedRequestLine }
        request.version = try version(bytes, targetEnd + 1..<line.upperBound)
        guard let known = HTTPMethod(token: bytes.extracting(method)) else { throw .unknownMethod }
        request.method = known
        try RequestTarget.parse(bytes, methodEnd + 1..<targetEnd, into: &request)
    }

    /// Why a line beyond the limit is refused, from the octets up to the limit: a method longer than any is unknown
    /// (501), and with a method that ends, it is the target that is too long (414).
    static func failure(whenTooLong bytes: Span<UInt8>, _ line: Range<Int>) -> Failure {
        if firstSpace(bytes, line) != nil { return .requestLineTooLong }
        for index in line where !Octets.isToken(bytes[index]) { return .invalidMethod }
        return line.count < HTTPMethod.longestSpelling ? .requestLineTooLong : .unknownMethod
    }

    private static func firstSpace(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == Octets.space { return index }
            index += 1
        }
        return nil
    }

    private static func version(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Failure) -> HTTPVersion {
        let start = range.lowerBound
        guard
            range.count == 8,
            bytes.extracting(start..<start + 5).equals("HTTP/"),
            Octets.isDigit(bytes[start + 5]),
            bytes[start + 6] == 0x2E,
            Octets.isDigit(bytes[start + 7])
        else { throw .invalidVersion }
        guard bytes[start + 5] == 0x31 else { throw .unsupportedVersion }
        return HTTPVersion(major: 1, minor: bytes[start + 7] - 0x30)
    }
}
