/// The quick way through a head that has come whole and is like most: origin-form without escapes, HTTP/1.1, not too
/// many fields.
///
/// It refuses nothing. What is not plainly right, or not all there, it leaves to the line by line reading of
/// ``HTTPRequestParser``, which finds out why and tells. That one is the definition and this one has to agree: a head
/// that comes in pieces never goes this way, so every test that compares cuts compares the two.
enum PlainHead {
    /// More fields than this are read line by line, so that a request at rest keeps no more memory than this many take.
    static var maximumFieldCount: Int { 24 }

    /// A plain head, by the number of its octets.
    enum Reading {
        /// Its fields are noted; what they mean is still to be found out.
        case new(Int)
        /// Its fields are the last head's, meaning and all, and begin here.
        case repeated(Int, fieldsAt: Int)
    }

    /// Fills in the request line and the fields; nil when the head is not plain, and then the request has to be cleared.
    static func read(
        _ bytes: Span<UInt8>, _ limits: HTTPRequestParser.Limits, into request: inout HTTPRequest
    ) -> Reading? {
        guard let start = readRequestLine(bytes, into: &request), start - 2 <= limits.requestLine else { return nil }
        if let end = request.endOfRepeatedFields(bytes, at: start, limits) { return .repeated(end, fieldsAt: start) }
        request.clearFields()
        var position = start
        let most = min(limits.fieldCount, maximumFieldCount)
        request.fields.lines.append(addingCapacity: most) { lines in
            while lines.count < most, let line = readFieldLine(bytes, &position) { lines.append(line) }
        }
        guard endsLine(bytes, at: position), position - start <= limits.fieldSection else { return nil }
        request.sectionExtent = HTTPFields.Extent(start..<position + 2)
        return .new(position + 2)
    }

    // Where the first field begins.
    private static func readRequestLine(_ bytes: Span<UInt8>, into request: inout HTTPRequest) -> Int? {
        guard let targetStart = readMethod(bytes, into: &request) else { return nil }
        var targetEnd = bytes.end(of: PathOctets.self, in: targetStart..<bytes.count)
        request.pathExtent = HTTPFields.Extent(targetStart..<targetEnd)
        if targetEnd < bytes.count, bytes[targetEnd] == Octets.questionMark {
            let queryStart = targetEnd + 1
            targetEnd = bytes.end(of: QueryOctets.self, in: queryStart..<bytes.count)
            request.queryExtent = HTTPFields.Extent(queryStart..<targetEnd)
        } else {
            request.queryExtent = nil
        }
        let next = targetEnd + 11
        guard next <= bytes.count, bytes.equals(" HTTP/1.1\r\n", in: targetEnd..<next) else { return nil }
        request.targetExtent = HTTPFields.Extent(targetStart..<targetEnd)
        request.version = .http11
        return next
    }

    // Where the target begins, which is in origin-form.
    @inline(__always)
    private static func readMethod(_ bytes: Span<UInt8>, into request: inout HTTPRequest) -> Int? {
        // The longest method and the space after it, whatever else they are.
        guard bytes.count > HTTPMethod.longestSpelling + 1 else { return nil }
        if bytes.equals("GET /", in: 0..<5) {
            request.method = .get
            return 4
        }
        let methodEnd = bytes.end(of: OctetsWithoutSpace.self, in: 0..<HTTPMethod.longestSpelling)
        guard
            let method = HTTPMethod(token: bytes, 0..<methodEnd), method != .connect,
            bytes[methodEnd] == Octets.space, bytes[methodEnd + 1] == Octets.slash
        else { return nil }
        request.method = method
        return methodEnd + 1
    }

    // Moves on to the next line; nil at the empty line, and at anything that is no plain field line.
    @inline(__always)
    private static func readFieldLine(_ bytes: Span<UInt8>, _ position: inout Int) -> HTTPFields.Line? {
        let start = position
        let nameEnd = bytes.end(of: TokenOctets.self, in: start..<bytes.count)
        guard nameEnd > start, nameEnd < bytes.count, bytes[nameEnd] == Octets.colon else { return nil }
        let lineEnd = bytes.end(of: FieldContentOctets.self, in: nameEnd &+ 1..<bytes.count)
        guard endsLine(bytes, at: lineEnd) else { return nil }
        position = lineEnd &+ 2
        return HTTPFields.Line(
            name: HTTPFields.Extent(start..<nameEnd),
            value: HTTPFields.Extent(bytes.trimmingBlanks(nameEnd &+ 1..<lineEnd)))
    }

    @inline(__always)
    private static func endsLine(_ bytes: Span<UInt8>, at position: Int) -> Bool {
        position < bytes.count &- 1 && bytes[position] == Octets.carriageReturn
            && bytes[position &+ 1] == Octets.lineFeed
    }
}
