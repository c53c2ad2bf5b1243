/// Looks for the CRLF that ends a line, and for octets that may not stand in one.
///
/// It goes on where it stopped, so a line that comes octet by octet is still looked at once.
struct LineScanner: Sendable {
    /// What the scan came upon first.
    enum Finding: Equatable {
        /// CRLF, the carriage return at this position.
        case lineEnd(Int)
        /// Neither an end nor a fault so far.
        case incomplete
        /// A carriage return before something else.
        case bareCarriageReturn
        /// A line feed before any carriage return.
        case bareLineFeed
        /// Another control octet, at this position.
        case control(Int)
        /// More octets than allowed.
        case tooLong
    }

    /// The first position not looked at yet; a carriage return still without a successor counts as not looked at.
    private(set) var position = 0

    /// Scans a line that begins at `lineStart` and may have `limit` octets besides its CRLF.
    mutating func scan(_ bytes: Span<UInt8>, from lineStart: Int, limit: Int) -> Finding {
        let end = min(bytes.count, lineStart + limit + 1)
        let index = bytes.end(of: FieldContentOctets.self, in: min(position, end)..<end)
        position = index
        if index == lineStart + limit + 1 { return .tooLong }
        if index == bytes.count { return .incomplete }
        switch bytes[index] {
        case Octets.carriageReturn: return scanLineFeed(bytes)
        case Octets.lineFeed: return .bareLineFeed
        default: return .control(index)
        }
    }

    private mutating func scanLineFeed(_ bytes: Span<UInt8>) -> Finding {
        let carriageReturn = position
        guard carriageReturn + 1 < bytes.count else { return .incomplete }
        guard bytes[carriageReturn + 1] == Octets.lineFeed else { return .bareCarriageReturn }
        position = carriageReturn + 2
        return .lineEnd(carriageReturn)
    }
}
