/// The text form of an IPv6 address (RFC 3986, section 3.2.2), without a zone.
enum IPv6Address {
    /// Whether the octets are eight groups, or fewer and one `::`, the last two groups perhaps in IPv4 form.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var groups = 0
        var isShortened = false
        var index = 0
        if bytes.count >= 2, bytes[0] == Octets.colon, bytes[1] == Octets.colon {
            isShortened = true
            index = 2
        }
        while index < bytes.count {
            let end = groupEnd(bytes, index)
            if end < bytes.count, bytes[end] == 0x2E {
                guard isIPv4(bytes.extracting(index...)) else { return false }
                return isComplete(groups + 2, isShortened)
            }
            guard (1...4).contains(end - index) else { return false }
            groups += 1
            guard end < bytes.count else { break }
            guard bytes[end] == Octets.colon, end + 1 < bytes.count else { return false }
            index = end + 1
            if bytes[index] == Octets.colon {
                guard !isShortened else { return false }
                isShortened = true
                index += 1
            }
        }
        return isComplete(groups, isShortened)
    }

    private static func isComplete(_ groups: Int, _ isShortened: Bool) -> Bool {
        isShortened ? groups <= 7 : groups == 8
    }

    private static func groupEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < bytes.count, Octets.hexValue(bytes[end]) != nil { end += 1 }
        return end
    }

    private static func isIPv4(_ bytes: Span<UInt8>) -> Bool {
        var parts = 0
        var index = 0
        while true {
            var value = 0
            let start = index
            while index < bytes.count, Octets.isDigit(bytes[index]), index - start < 3 {
                value = value * 10 + Int(bytes[index] - 0x30)
                index += 1
            }
            let hasLeadingZero = index - start > 1 && bytes[start] == 0x30
            guard index > start, value <= 255, !hasLeadingZero else { return false }
            parts += 1
            guard index < bytes.count else { return parts == 4 }
            guard parts < 4, bytes[index] == 0x2E else { return false }
            index += 1
        }
    }
}
