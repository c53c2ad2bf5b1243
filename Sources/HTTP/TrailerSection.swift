/// The field lines after the last chunk (RFC 9112, section 7.1.2): judged like any fields, bounded, and dropped.
///
/// They are never merged into the head (RFC 9110, section 6.5.1): what a proxy let pass at the end of a message must
/// not change what the message is.
struct TrailerSection: Sendable {
    typealias Failure = HTTPRequestParser.Failure

    private enum Position: Sendable {
        case lineStart
        case name
        case value
        case lineFeed
        case finalLineFeed
    }

    private let limits: HTTPRequestParser.Limits
    private var position = Position.lineStart
    private var octets = 0
    private var count = 0

    init(limits: HTTPRequestParser.Limits) {
        self.limits = limits
    }

    /// Reads on; true once the empty line that ends the message has passed.
    mutating func read(_ bytes: Span<UInt8>, _ consumed: inout Int) throws(Failure) -> Bool {
        while consumed < bytes.count {
            let byte = bytes[consumed]
            consumed += 1
            if position == .finalLineFeed {
                guard byte == Octets.lineFeed else { throw .bareCarriageReturn }
                return true
            }
            try take(byte)
        }
        return false
    }

    private mutating func take(_ byte: UInt8) throws(Failure) {
        if byte == Octets.lineFeed && position != .lineFeed { throw .bareLineFeed }
        if position == .lineStart && byte == Octets.carriageReturn {
            position = .finalLineFeed
            return
        }
        octets += 1
        guard octets <= limits.trailerSection else { throw .trailerSectionTooLarge }
        switch position {
        case .lineStart: try takeFirst(byte)
        case .name: try takeName(byte)
        case .value: try takeValue(byte)
        default:
            guard byte == Octets.lineFeed else { throw .bareCarriageReturn }
            position = .lineStart
        }
    }

    private mutating func takeFirst(_ byte: UInt8) throws(Failure) {
        if Octets.isBlank(byte) { throw count == 0 ? .whitespaceBeforeFirstField : .obsoleteLineFolding }
        guard Octets.isToken(byte) else { throw .invalidFieldName }
        count += 1
        guard count <= limits.fieldCount else { throw .trailerSectionTooLarge }
        position = .name
    }

    private mutating func takeName(_ byte: UInt8) throws(Failure) {
        if Octets.isToken(byte) { return }
        switch byte {
        case Octets.colon: position = .value
        case Octets.space, Octets.tab: throw .whitespaceBeforeColon
        case Octets.carriageReturn: throw .missingColon
        default: throw .invalidFieldName
        }
    }

    private mutating func takeValue(_ byte: UInt8) throws(Failure) {
        if Octets.isFieldContent(byte) { return }
        guard byte == Octets.carriageReturn else { throw .invalidFieldValue }
        position = .lineFeed
    }
}
