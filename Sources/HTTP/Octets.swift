/// The classes of octets that HTTP's grammar is made of (RFC 9110, section 5.6, and RFC 3986).
///
/// A message is octets, never text: nothing here decodes anything.
enum Octets {
    static var tab: UInt8 { 0x09 }
    static var lineFeed: UInt8 { 0x0A }
    static var carriageReturn: UInt8 { 0x0D }
    static var space: UInt8 { 0x20 }
    static var percent: UInt8 { 0x25 }
    static var asterisk: UInt8 { 0x2A }
    static var comma: UInt8 { 0x2C }
    static var dot: UInt8 { 0x2E }
    static var slash: UInt8 { 0x2F }
    static var colon: UInt8 { 0x3A }
    static var semicolon: UInt8 { 0x3B }
    static var questionMark: UInt8 { 0x3F }

    /// `tchar`: what a token (a method, a field name, a coding) is made of.
    static func isToken(_ byte: UInt8) -> Bool { byte < 128 && contains(byte, tokenLow, tokenHigh) }

    /// What a field value may hold: VCHAR, obs-text, space and tab.
    static func isFieldContent(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == tab }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// A space or a tab, the only white space that HTTP allows around things.
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    /// The byte with an ASCII capital made small, all others as they are.
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// What a path may hold unescaped: `pchar` and slashes (RFC 3986, section 3.3), the percent sign apart.
    static func isPath(_ byte: UInt8) -> Bool { byte < 128 && contains(byte, pathLow, pathHigh) }

    /// What a query may hold unescaped: what a path may, and question marks.
    static func isQuery(_ byte: UInt8) -> Bool { isPath(byte) || byte == questionMark }

    /// What a registered name may hold unescaped, but for the comma: two joined Hosts must not pass for one.
    static func isRegisteredName(_ byte: UInt8) -> Bool { byte < 128 && contains(byte, hostLow, hostHigh) }

    // One bit per octet: a class is tested by a shift, without a table in memory.
    private static func contains(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        let half = byte < 64 ? low : high
        return (half >> UInt64(byte & 63)) & 1 == 1
    }

    // !  #  $  %  &  '  *  +  -  .  and digits
    private static var tokenLow: UInt64 { 0x03FF_6CFA_0000_0000 }
    // letters, ^ _ ` | ~
    private static var tokenHigh: UInt64 { 0x57FF_FFFF_C7FF_FFFE }
    // !  $  &  '  (  )  *  +  ,  -  .  /  :  ;  =  and digits
    private static var pathLow: UInt64 { 0x2FFF_FFD2_0000_0000 }
    // letters, @ _ ~
    private static var pathHigh: UInt64 { 0x47FF_FFFE_87FF_FFFF }
    // !  $  &  '  (  )  *  +  -  .  ;  =  and digits
    private static var hostLow: UInt64 { 0x2BFF_6FD2_0000_0000 }
    // letters, _ ~
    private static var hostHigh: UInt64 { 0x47FF_FFFE_87FF_FFFE }
}
