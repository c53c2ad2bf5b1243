extension QuarantinedRow {
    /// Whether an erasure of `user` has to take this row: it is about the user, or its text may name the user.
    ///
    /// Where the user could be read, another's name counts as a word of its own: `42` is named by `"friend":"42"` and not by
    /// `881250942`. Where it could not be read, any occurrence in the text counts, and so does a text that is cut or holds an escape,
    /// behind which any name may stand: a quarantine is an aid, and may lose more than it must.
    public func mayName(_ user: String) -> Bool {
        if let userID {
            if ExactName(userID) == ExactName(user) { return true }
        } else if isCut || text.contains(UInt8(ascii: "\\")) {
            return true
        }
        let isReadable = userID != nil
        let name = Array(user.utf8)
        return Self.spellings(of: name).contains { spelling in
            Self.occurs(spelling, in: text, asWord: isReadable)
                || Self.occurs(spelling, in: Array(detail.utf8), asWord: true)
        }
    }

    /// The name as it is, and as CSV and JSON write it where that differs.
    static func spellings(of name: [UInt8]) -> [[UInt8]] {
        let quote = UInt8(ascii: "\"")
        let backslash = UInt8(ascii: "\\")
        guard name.contains(where: { $0 == quote || $0 == backslash }) else { return [name] }
        return [
            name, name.flatMap { $0 == quote ? [quote, quote] : [$0] },
            name.flatMap { $0 == quote || $0 == backslash ? [backslash, $0] : [$0] },
        ]
    }

    private static func occurs(_ name: [UInt8], in text: [UInt8], asWord: Bool) -> Bool {
        guard let first = name.first, name.count <= text.count else { return false }
        for start in 0...(text.count - name.count) where text[start] == first {
            let end = start + name.count
            guard text[start..<end].elementsEqual(name) else { continue }
            if !asWord { return true }
            let isWithin = start > 0 && isWordByte(text[start - 1]) || end < text.count && isWordByte(text[end])
            if !isWithin { return true }
        }
        return false
    }

    /// Letters, digits and the underscore (`user_id` names no `user`), and all that is beyond ASCII.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}
