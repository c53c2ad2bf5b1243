/// The octets between the contents of chunks: `CRLF size [extensions] CRLF` (RFC 9112, section 7.1).
///
/// One octet at a time decides the next step, so there is nothing to store and nothing to look at again.
struct ChunkFraming: Sendable {
    typealias Failure = HTTPRequestParser.Failure

    private enum Step: Sendable {
        case size(digits: Int)
        case extensions(ChunkExtensions)
        case sizeLineFeed
        case contentCarriageReturn
        case contentLineFeed
    }

    /// Sixteen digits say all that 64 bits can hold; more would only be zeros in front.
    static var maximumDigits: Int { 16 }

    private let limits: HTTPRequestParser.Limits
    private let maximumLength: UInt64
    private var step = Step.size(digits: 0)
    private var size: UInt64 = 0
    private var total: UInt64 = 0
    private var extensionOctets = 0
    private var overhead: UInt64 = 0

    init(limits: HTTPRequestParser.Limits, maximumLength: UInt64) {
        self.limits = limits
        self.maximumLength = maximumLength
    }

    /// Reads up to the end of a size line and answers the size; nil when the octets do not reach that far.
    mutating func readSize(_ bytes: Span<UInt8>, _ consumed: inout Int) throws(Failure) -> UInt64? {
        while consumed < bytes.count {
            let byte = bytes[consumed]
            consumed += 1
            overhead += 1
            if try take(byte) { return try beginContent() }
        }
        return nil
    }

    /// The content of the chunk has passed; its CRLF must follow.
    mutating func endContent() {
        step = .contentCarriageReturn
    }

    // True at the end of the size line.
    private mutating func take(_ byte: UInt8) throws(Failure) -> Bool {
        switch step {
        case .size(let digits):
            try takeSize(byte, digits)
        case .extensions(var grammar):
            try takeExtension(byte, &grammar)
        case .sizeLineFeed:
            guard byte == Octets.lineFeed else { throw .bareCarriageReturn }
            step = .size(digits: 0)
            return true
        case .contentCarriageReturn:
            guard byte == Octets.carriageReturn else { throw .missingChunkTerminator }
            step = .contentLineFeed
        case .contentLineFeed:
            guard byte == Octets.lineFeed else { throw .missingChunkTerminator }
            step = .size(digits: 0)
        }
        return false
    }

    private mutating func takeSize(_ byte: UInt8, _ digits: Int) throws(Failure) {
        if let digit = Octets.hexValue(byte) {
            guard digits < Self.maximumDigits else { throw .chunkSizeOverflow }
            size = (digits == 0 ? 0 : size << 4) | UInt64(digit)
            step = .size(digits: digits + 1)
            return
        }
        if byte == Octets.lineFeed { throw .bareLineFeed }
        guard digits > 0 else { throw .invalidChunkSize }
        switch byte {
        case Octets.carriageReturn: step = .sizeLineFeed
        case Octets.semicolon:
            try countExtension()
            step = .extensions(ChunkExtensions())
        default: throw .invalidChunkSize
        }
    }

    private mutating func takeExtension(_ byte: UInt8, _ grammar: inout ChunkExtensions) throws(Failure) {
        if try grammar.take(byte) {
            step = .sizeLineFeed
        } else {
            try countExtension()
            step = .extensions(grammar)
        }
    }

    // From the semicolon to before the CRLF, summed over the message.
    private mutating func countExtension() throws(Failure) {
        extensionOctets += 1
        guard extensionOctets <= limits.chunkExtension else { throw .chunkExtensionsTooLong }
    }

    private mutating func beginContent() throws(Failure) -> UInt64 {
        guard overhead <= UInt64(limits.chunkOverhead) + total else { throw .tooMuchChunkOverhead }
        let (sum, overflows) = total.addingReportingOverflow(size)
        guard !overflows, sum <= UInt64(Int64.max) else { throw .chunkSizeOverflow }
        guard sum <= maximumLength else { throw .contentTooLarge }
        total = sum
        return size
    }
}
