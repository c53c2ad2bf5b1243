/// Takes the escapes out of a path segment or a query component: once, and after the target has been split.
public enum PercentDecoding {
    /// Why a component has no text.
    public enum Failure: Error, Equatable, Sendable {
        /// A percent sign without two hexadecimal digits, at this offset.
        case invalidEscape(offset: Int)
        /// `%00` or a NUL as it is, at this offset: no name may hold one.
        case nul(offset: Int)
        /// The octets behind the escapes are no UTF-8.
        case invalidUTF8
    }

    /// The text of a component; `plusIsSpace` as forms and queries have it.
    public static func decode(_ octets: Span<UInt8>, plusIsSpace: Bool = false) throws(Failure) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(octets.count)
        var index = 0
        while index < octets.count {
            var byte = octets[index]
            let offset = index
            index += 1
            if byte == Octets.percent {
                byte = try escaped(octets, offset)
                index += 2
            } else if byte == 0x2B && plusIsSpace {
                byte = Octets.space
            }
            guard byte != 0 else { throw .nul(offset: offset) }
            decoded.append(byte)
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .invalidUTF8 }
        return text
    }

    /// The text of a component given as text.
    public static func decode(_ text: String, plusIsSpace: Bool = false) throws(Failure) -> String {
        try decode(text.utf8Span.span, plusIsSpace: plusIsSpace)
    }

    private static func escaped(_ octets: Span<UInt8>, _ offset: Int) throws(Failure) -> UInt8 {
        guard
            offset + 2 < octets.count,
            let high = Octets.hexValue(octets[offset + 1]),
            let low = Octets.hexValue(octets[offset + 2])
        else { throw .invalidEscape(offset: offset) }
        return high << 4 | low
    }
}
