/// `uri-host [":" port]` (RFC 9110, section 7.2; RFC 3986, section 3.2.2): what Host and an absolute target name.
///
/// Stricter than the grammar in two things that only serve to confuse: an empty host, which no `http` URI may have
/// (RFC 9110, section 4.2.1), and a comma, which would let two Hosts joined by a proxy pass for one.
enum Authority {
    /// Whether the octets in the range are one host and at most one port, without userinfo, path or white space.
    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>, portRequired: Bool) -> Bool {
        guard !range.isEmpty else { return false }
        let hostEnd = bytes[range.lowerBound] == 0x5B ? literalEnd(bytes, range) : nameEnd(bytes, range)
        guard let hostEnd, hostEnd > range.lowerBound else { return false }
        if hostEnd == range.upperBound { return !portRequired }
        guard bytes[hostEnd] == Octets.colon else { return false }
        return isPort(bytes, hostEnd + 1..<range.upperBound, required: portRequired)
    }

    // Where a registered name or an IPv4 address ends; nil when it has a broken escape.
    private static func nameEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = bytes.end(of: RegisteredNameOctets.self, in: range)
        while index < range.upperBound, bytes[index] == Octets.percent {
            guard
                index + 2 < range.upperBound,
                let high = Octets.hexValue(bytes[index + 1]),
                let low = Octets.hexValue(bytes[index + 2]),
                high | low != 0
            else { return nil }
            index = bytes.end(of: RegisteredNameOctets.self, in: index + 3..<range.upperBound)
        }
        return index
    }

    // Behind the bracket that closes an IPv6 address; nil when it is none.
    private static func literalEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let start = range.lowerBound + 1
        var close = start
        while close < range.upperBound, bytes[close] != 0x5D { close += 1 }
        guard close < range.upperBound, IPv6Address.isValid(bytes.extracting(start..<close)) else { return nil }
        return close + 1
    }

    // An empty port is legal (RFC 3986, section 3.2.3) where one is not required.
    private static func isPort(_ bytes: Span<UInt8>, _ digits: Range<Int>, required: Bool) -> Bool {
        guard !digits.isEmpty else { return !required }
        var port = 0
        var index = digits.lowerBound
        while index < digits.upperBound {
            // Nothing overflows: the port stays below 65536 before each step, and the octet below 256.
            let digit = bytes[index] &- 0x30
            port = port &* 10 &+ Int(digit)
            guard digit < 10, port <= 65535 else { return false }
            index &+= 1
        }
        return true
    }
}
