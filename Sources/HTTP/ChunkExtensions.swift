/// The grammar of chunk extensions (RFC 9112, section 7.1.1): `*( BWS ";" BWS name [ BWS "=" BWS value ] )`.
///
/// What they say is ignored; that they are well-formed is not, because a line end hidden in one is read differently by
/// different servers. White space before the first semicolon is refused with the chunk size.
struct ChunkExtensions: Sendable {
    private enum Position: Sendable {
        case beforeName
        case name
        case afterName
        case beforeValue
        case value
        case quoted
        case escaped
        case afterQuoted
        case afterValue
    }

    private var position = Position.beforeName

    /// Takes the next octet after the first semicolon; true for the carriage return that ends the list.
    mutating func take(_ byte: UInt8) throws(HTTPRequestParser.Failure) -> Bool {
        if byte == Octets.lineFeed { throw .bareLineFeed }
        if byte == Octets.carriageReturn {
            guard mayEnd else { throw .invalidChunkExtension }
            return true
        }
        guard Octets.isFieldContent(byte), let next = successor(byte) else { throw .invalidChunkExtension }
        position = next
        return false
    }

    private var mayEnd: Bool {
        switch position {
        case .name, .value, .afterQuoted: true
        default: false
        }
    }

    private func successor(_ byte: UInt8) -> Position? {
        switch position {
        case .beforeName:
            Octets.isBlank(byte) ? .beforeName : Octets.isToken(byte) ? .name : nil
        case .name:
            Octets.isToken(byte) ? .name : afterName(byte)
        case .afterName:
            afterName(byte)
        case .beforeValue:
            Octets.isBlank(byte) ? .beforeValue : Octets.isToken(byte) ? .value : byte == 0x22 ? .quoted : nil
        case .value:
            Octets.isToken(byte) ? .value : afterValue(byte)
        case .quoted:
            byte == 0x22 ? .afterQuoted : byte == 0x5C ? .escaped : .quoted
        case .escaped:
            .quoted
        case .afterQuoted, .afterValue:
            afterValue(byte)
        }
    }

    private func afterName(_ byte: UInt8) -> Position? {
        byte == 0x3D ? .beforeValue : byte == Octets.semicolon ? .beforeName : Octets.isBlank(byte) ? .afterName : nil
    }

    private func afterValue(_ byte: UInt8) -> Position? {
        byte == Octets.semicolon ? .beforeName : Octets.isBlank(byte) ? .afterValue : nil
    }
}
