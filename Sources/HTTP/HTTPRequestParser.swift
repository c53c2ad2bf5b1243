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

    /// The line that is being read.
    private enum Stage {
        case beginning
        case requestLine
        case fields(start: Int)
    }

    private let limits: Limits
    private var stage = Stage.beginning
    private var lineStart = 0
    private var scanner = LineScanner()

    /// A parser with these limits.
    public init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Where the next call begins to look: no octet before it is looked at again, but for a line that ends beyond it.
    var resumePosition: Int { scanner.position }

    /// Looks at the octets from the head's first one on, and fills in the request once all of its head is there.
    ///
    /// Each line is judged as soon as it is complete, so of several faults the first line's is told. Afterwards the
    /// parser is ready for the next head.
    public mutating func parse(_ bytes: Span<UInt8>, into request: inout HTTPRequest) throws(Failure) -> Outcome {
        while true {
            switch stage {
            case .beginning:
                if let reading = PlainHead.read(bytes, limits, into: &request) {
                    return try complete(bytes, reading, &request)
                }
                request.clear()
                guard skipEmptyLine(bytes) else { return .needsMoreBytes }
                stage = .requestLine
            case .requestLine:
                guard let line = try requestLine(bytes) else { return .needsMoreBytes }
                try RequestLine.parse(bytes, line, into: &request)
                stage = .fields(start: lineStart)
            case .fields(let start):
                guard let line = try fieldLine(bytes, sectionStart: start) else { return .needsMoreBytes }
                if line.isEmpty { return try complete(bytes, lineStart, &request) }
                try append(bytes, line, to: &request.fields)
            }
        }
    }

    /// Forgets a head that has begun, to start with another.
    public mutating func reset() {
        stage = .beginning
        lineStart = 0
        scanner = LineScanner()
    }

    // One empty line before the request line is tolerated (RFC 9112, section 2.2): old clients end a body with one.
    // False while it is not known whether there is one.
    private mutating func skipEmptyLine(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0 else { return false }
        guard bytes[0] == Octets.carriageReturn else { return true }
        guard bytes.count > 1 else { return false }
        // What else follows a carriage return is the scanner's to refuse.
        guard bytes[1] == Octets.lineFeed else { return true }
        _ = scanner.scan(bytes, from: 0, limit: 0)
        lineStart = scanner.position
        return true
    }

    private mutating func requestLine(_ bytes: Span<UInt8>) throws(Failure) -> Range<Int>? {
        switch scanner.scan(bytes, from: lineStart, limit: limits.requestLine) {
        case .lineEnd(let end): return endLine(end)
        case .incomplete: return nil
        case .bareCarriageReturn: throw .bareCarriageReturn
        case .bareLineFeed: throw .bareLineFeed
        case .control: throw .malformedRequestLine
        case .tooLong: throw RequestLine.failure(whenTooLong: bytes, lineStart..<lineStart + limits.requestLine)
        }
    }

    private mutating func fieldLine(_ bytes: Span<UInt8>, sectionStart: Int) throws(Failure) -> Range<Int>? {
        // What is left of the section, and two octets of it are this line's CRLF. The empty line is always allowed.
        let limit = max(0, sectionStart + limits.fieldSection - lineStart - 2)
        switch scanner.scan(bytes, from: lineStart, limit: limit) {
        case .lineEnd(let end): return endLine(end)
        case .incomplete: return nil
        case .bareCarriageReturn: throw .bareCarriageReturn
        case .bareLineFeed: throw .bareLineFeed
        case .control(let position): throw FieldLine.failure(whenControlAt: position, bytes, from: lineStart)
        case .tooLong: throw .fieldSectionTooLarge
        }
    }

    private mutating func endLine(_ end: Int) -> Range<Int> {
        defer { lineStart = end + 2 }
        return lineStart..<end
    }

    private func append(_ bytes: Span<UInt8>, _ line: Range<Int>, to fields: inout HTTPFields) throws(Failure) {
        guard fields.count < limits.fieldCount else { throw .tooManyFields }
        fields.lines.append(try FieldLine.parse(bytes, line, isFirst: fields.isEmpty))
    }

    // A plain head leaves the parser as it was, ready for the next.
    private func complete(
        _ bytes: Span<UInt8>,
        _ reading: PlainHead.Reading,
        _ request: inout HTTPRequest
    ) throws(Failure) -> Outcome {
        switch reading {
        case .repeated(let length, let start):
            request.repeatFields(bytes.extracting(..<length), at: start)
            return .head(consumed: length)
        case .new(let length):
            do throws(Failure) {
                try request.resolve(bytes)
            } catch {
                // What was refused must not be taken over.
                request.clear()
                throw error
            }
            request.store(bytes.extracting(..<length))
            return .head(consumed: length)
        }
    }

    private mutating func complete(
        _ bytes: Span<UInt8>,
        _ length: Int,
        _ request: inout HTTPRequest
    ) throws(Failure) -> Outcome {
        try request.resolve(bytes)
        request.store(bytes.extracting(..<length))
        reset()
        return .head(consumed: length)
    }
}
