/// The rule that every name in a store obeys: users, items, kinds, interaction identifiers and idempotency keys.
public enum Identifier {
    /// The longest name, in bytes of UTF-8.
    public static let maximumLength = 256

    /// What is wrong with `name`, worded to follow the name of its member ("is empty"), or nil when it is fit.
    ///
    /// Control characters (U+0000–U+001F, U+007F–U+009F) are refused: they cannot be seen, and SQLite's C interface would
    /// cut a name at a NUL.
    public static func fault(of name: String) -> String? {
        var length = 0
        var previous: UInt8 = 0
        for byte in name.utf8 {
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) {
                return "contains a control character"
            }
            previous = byte
            length += 1
            if length > maximumLength { return "is longer than \(maximumLength) bytes" }
        }
        return length == 0 ? "is empty" : nil
    }
}
