/// `uri-host [":" port]` (RFC 9110, section 7.2; RFC 3986, section 3.2.2): what Host and an absolute target name.
///
/// Stricter than the grammar in two things that only serve to confuse: an empty host, which no `http` URI may have
/// (RFC 9110, section 4.2.1), and a comma, which would let two Hosts joined by a proxy pass for one.
enum Authority {
    /// Whether the octets are one host and at most one port, without userinfo, path or white space.
    static func isValid(_ bytes: Span<UInt8>, portRequired: Bool) -> Bool {
        guard bytes.count > 0 else { return false }
        let hostEnd = bytes[0] == 0x5B ? literalEnd(bytes) : nameEnd(bytes)
        guard let hostEnd, hostEnd > 0 else { return false }
        if hostEnd == bytes.count { return !portRequired }
        guard bytes[hostEnd] == Octets.colon else { return false }
        return isPort(bytes.extracting((hostEnd + 1)...), required: portRequired)
    }

    // Where a registered name or an IPv4 address ends; nil when it has a broken escape.
    private static func nameEnd(_ bytes: Span<UInt8>) -> Int? {
        var index = 0
        while index < bytes.count {
            if Octets.isRegisteredName(bytes[index]) {
                index += 1
            } else if bytes[index] == Octets.percent {
                guard
                    index + 2 < bytes.count,
                    let high = Octets.hexValue(bytes[index + 1]),
                    let low = Octets.hexValue(bytes[index + 2]),
                    high | low != 0
                else { return nil }
                index += 3
            } else {
                return index
            }
        }
        return index
    }

    // Behind the bracket that closes an IPv6 address; nil when it is none.
    private static func literalEnd(_ bytes: Span<UInt8>) -> Int? {
        var close = 1
        while close < bytes.count, bytes[close] != 0x5D { close += 1 }
        guard close < bytes.count, IPv6Address.isValid(bytes.extracting(1..<close)) else { return nil }
        return close + 1
    }

    // An empty port is legal (RFC 3986, section 3.2.3) where one is not required.
    private static func isPort(_ digits: Span<UInt8>, required: Bool) -> Bool {
        guard digits.count > 0 else { return !required }
        var port = 0
        for index in 0..<digits.count {
            guard Octets.isDigit(digits[index]) else { return false }
            port = port * 10 + Int(digits[index] - 0x30)
            guard port <= 65535 else { return false }
        }
        return true
    }
}
