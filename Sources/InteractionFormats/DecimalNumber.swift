/// Decimal numbers out of bytes: `5`, `-3.25`, `+.5`, `1e3`; never `nan`, `inf`, hexadecimal or surrounding blanks.
enum DecimalNumber {
    /// The number that `bytes` spell, or nil if they spell none. Beyond a double's range the answer is infinite.
    ///
    /// Up to 15 digits with a short fraction are exact in a double, so one division by an exact power of ten rounds
    /// correctly (Clinger 1990, the fast path); everything else goes the long way through the standard library.
    static func double(_ bytes: Span<UInt8>) -> Double? {
        var index = 0
        let count = bytes.count
        guard count > 0 else { return nil }
        let isNegative = bytes[0] == UInt8(ascii: "-")
        if isNegative || bytes[0] == UInt8(ascii: "+") { index = 1 }
        var digits: UInt64 = 0
        var digitCount = 0
        var fractionDigits = 0
        var isFraction = false
        while index < count {
            let byte = bytes[index]
            if byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
                digitCount &+= 1
                if digitCount > 15 { return slowDouble(bytes) }
                digits = digits &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
                if isFraction { fractionDigits &+= 1 }
            } else if byte == UInt8(ascii: ".") && !isFraction {
                isFraction = true
            } else {
                return slowDouble(bytes)
            }
            index &+= 1
        }
        guard digitCount > 0 else { return nil }
        let magnitude = fractionDigits == 0 ? Double(digits) : Double(digits) / powerOfTen(fractionDigits)
        return isNegative ? -magnitude : magnitude
    }

    private static func powerOfTen(_ exponent: Int) -> Double {
        var power: UInt64 = 1
        for _ in 0..<exponent { power &*= 10 }
        return Double(power)
    }

    private static func slowDouble(_ bytes: Span<UInt8>) -> Double? {
        guard isDecimal(bytes), let text = try? UTF8Span(validating: bytes) else { return nil }
        return Double(String(copying: text))
    }

    /// Whether `bytes` are a sign, digits with at most one point among them, and an exponent, the first and last optional.
    private static func isDecimal(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        skipSign(bytes, &index)
        let whole = skipDigits(bytes, &index)
        var fraction = 0
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            fraction = skipDigits(bytes, &index)
        }
        guard whole + fraction > 0 else { return false }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            skipSign(bytes, &index)
            guard skipDigits(bytes, &index) > 0 else { return false }
        }
        return index == bytes.count
    }

    private static func skipSign(_ bytes: Span<UInt8>, _ index: inout Int) {
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") { index += 1 }
    }

    private static func skipDigits(_ bytes: Span<UInt8>, _ index: inout Int) -> Int {
        let start = index
        while index < bytes.count, bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") { index += 1 }
        return index - start
    }
}
