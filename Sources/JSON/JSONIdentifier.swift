/// What may name a user, an item or an interaction.
public struct JSONIdentifier: Sendable {
    /// What is wrong with `utf8`, which must be valid UTF-8, as an ID; nil when nothing is.
    ///
    /// Refused are the C0 controls, DEL, and the C1 controls (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F).
    public static func problem(in utf8: Span<UInt8>) -> String? {
        if utf8.isEmpty { return "an ID must not be empty" }
        if utf8.count > JSONValue.maximumIdentifierLength {
            return "an ID must be at most \(JSONValue.maximumIdentifierLength) bytes long, not \(utf8.count)"
        }
        var previous: UInt8 = 0
        for index in utf8.indices {
            let byte = utf8[index]
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) {
                return "an ID must not contain control characters"
            }
            previous = byte
        }
        return nil
    }

    /// Whether nothing is wrong with `utf8` as an ID.
    static func isFit(_ utf8: Span<UInt8>) -> Bool {
        guard utf8.count > 0 && utf8.count <= 64 else { return problem(in: utf8) == nil }
        // Visible ASCII at a glance.
        for index in utf8.indices where utf8[index] &- 0x20 >= 0x5F { return problem(in: utf8) == nil }
        return true
    }

    /// What is wrong with `text` as an ID; nil when nothing is.
    public static func problem(in text: String) -> String? {
        problem(in: Array(text.utf8).span)
    }
}
