/// A text with every integer beyond 64 bits, which simdjson refuses, put in quotes; and which of its strings those are.
///
/// RFC 8259 knows no longest number, and an ID that is one must arrive digit by digit. Only a text that simdjson has
/// refused for a number is looked through, so that no other pays for it. Linear in the text's length.
struct LongIntegers {
    /// The text with the quotes.
    private(set) var text: [UInt8] = []
    /// Which of the text's strings, names of members counted too, are integers: ascending, from 0.
    private(set) var ordinals: [Int] = []

    /// Looks through `bytes`, which may be no JSON: what is wrong with them stays so.
    init(quotingIn bytes: Span<UInt8>) {
        text.reserveCapacity(bytes.count + 64)
        var strings = 0
        var position = 0
        while position < bytes.count {
            let start = position
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                Self.skipString(bytes, &position)
                append(bytes, start..<position)
                strings += 1
            } else if Self.isNumber(byte) {
                while position < bytes.count, Self.isNumber(bytes[position]) { position += 1 }
                let isLong = Self.isLong(bytes, start..<position) && !Self.isName(bytes, before: position)
                if isLong { text.append(UInt8(ascii: "\"")) }
                append(bytes, start..<position)
                guard isLong else { continue }
                text.append(UInt8(ascii: "\""))
                ordinals.append(strings)
                strings += 1
            } else {
                text.append(byte)
                position += 1
            }
        }
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        for index in range { text.append(bytes[index]) }
    }

    /// Steps past the closing quote, or the end where there is none.
    private static func skipString(_ bytes: Span<UInt8>, _ position: inout Int) {
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position = min(position + 1, bytes.count)
    }

    /// What a number is made of, and what must not pass for its end.
    private static func isNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// Whether what ends at `position` stands as a member's name, which no number may.
    private static func isName(_ bytes: Span<UInt8>, before position: Int) -> Bool {
        var position = position
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        return position < bytes.count && bytes[position] == UInt8(ascii: ":")
    }

    /// Whether these are the digits of an integer that fits 64 bits neither with a sign nor without.
    private static func isLong(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var digits = range
        if bytes[range.lowerBound] == UInt8(ascii: "-") { digits = range.lowerBound + 1..<range.upperBound }
        guard digits.count >= 19, bytes[digits.lowerBound] != UInt8(ascii: "0") else { return false }
        var magnitude: UInt64 = 0
        var hasOverflown = false
        for index in digits {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return false }
            let (product, isTooMuch) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooMuch) = product.addingReportingOverflow(UInt64(digit))
            hasOverflown = hasOverflown || isTooMuch || isStillTooMuch
            magnitude = sum
        }
        return hasOverflown || digits.count < range.count && magnitude > Int64.min.magnitude
    }
}
