/// The bytes of strings and integers, without a detour over `String`.
struct JSONText {
    /// Appends `text` in quotes, escaped.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { unsafe append(utf8: $0.span, to: &bytes) }
    }

    /// Appends valid UTF-8 in quotes, escaping what RFC 8259 section 7 demands: `"`, `\` and the C0 controls.
    static func append(utf8: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(quote)
        unsafe utf8.withUnsafeBufferPointer { buffer in
            var runStart = 0
            var index = 0
            while true {
                index = unsafe firstToEscape(buffer, from: index)
                unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[runStart..<index]))
                guard index < buffer.count else { break }
                appendEscaped(unsafe buffer[index], to: &bytes)
                index += 1
                runStart = index
            }
        }
        bytes.append(quote)
    }

    /// The first index at or after `start` whose byte needs an escape, or the count.
    private static func firstToEscape(_ buffer: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        // Eight bytes at a time; a byte's high bit comes out set if it is below 0x20, `"` or `\` (or, harmlessly,
        // sometimes if a lower byte was), so a hit is looked at byte by byte.
        let raw = UnsafeRawBufferPointer(buffer)
        while index + 8 <= buffer.count {
            let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if hasByteToEscape(word) { break }
            index += 8
        }
        while index < buffer.count, unsafe !mustEscape(buffer[index]) { index += 1 }
        return index
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    private static func hasByteToEscape(_ word: UInt64) -> Bool {
        let isControl = (word &- ones &* 0x20) & ~word
        let quotes = word ^ (ones &* UInt64(quote))
        let isQuote = (quotes &- ones) & ~quotes
        let backslashes = word ^ (ones &* UInt64(backslash))
        let isBackslash = (backslashes &- ones) & ~backslashes
        return (isControl | isQuote | isBackslash) & highs != 0
    }

    @inline(__always)
    private static func mustEscape(_ byte: UInt8) -> Bool { byte < 0x20 || byte == quote || byte == backslash }

    private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(backslash)
        switch byte {
        case quote, backslash: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(UInt8(ascii: "0") + byte >> 4)
            let low = byte & 15
            bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        }
    }

    /// Appends the decimal digits of `number`, of at most 64 bits.
    static func append<Number: FixedWidthInteger>(integer number: Number, to bytes: inout [UInt8]) {
        precondition(Number.bitWidth <= 64)
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = UInt64(truncatingIfNeeded: number.magnitude)
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        while start < 20 {
            bytes.append(digits[start])
            start += 1
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
}
