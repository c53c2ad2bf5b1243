import InteractionStorage

/// Texts out of the bytes of a row: identifiers, and the quotations that sentences about faults hold.
enum FieldText {
    /// Why bytes are not the identifier of something, worded to follow the name of its column.
    struct Fault: Error {
        var detail: String

        /// The fault of a row that is too long to be read.
        static func overlong(limit: Int) -> Fault {
            Fault(detail: "the row is longer than \(limit) bytes")
        }
    }

    /// The identifier that `bytes` spell.
    static func identifier(_ bytes: Span<UInt8>) throws(Fault) -> String {
        guard let utf8 = try? UTF8Span(validating: bytes) else {
            throw Fault(detail: "\(quotation(of: bytes)) is not UTF-8")
        }
        let text = String(copying: utf8)
        if isShortAndPlain(bytes) { return text }
        if let fault = Identifier.fault(of: text) { throw Fault(detail: fault) }
        return text
    }

    /// Whether `bytes` are an identifier at a glance: not empty, not long, visible ASCII.
    private static func isShortAndPlain(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0 && bytes.count <= 64 else { return false }
        for index in bytes.indices where bytes[index] &- 0x20 >= 0x5F { return false }
        return true
    }

    /// `texts` in their order, each kept once, where it comes first.
    static func distinct(_ texts: [String]) -> [String] {
        var seen: Set<ExactName> = []
        return texts.filter { seen.insert(ExactName($0)).inserted }
    }

    /// `bytes` between quotation marks, fit for a sentence: cut after 40 bytes, control characters as escapes, what is
    /// not UTF-8 as U+FFFD.
    static func quotation(of bytes: Span<UInt8>) -> String {
        let longest = 40
        var kept: [UInt8] = []
        for index in 0..<min(bytes.count, longest) { kept.append(bytes[index]) }
        var quotation = "\""
        // The replacement is wanted here: the bytes may be the very fault that is reported.
        for scalar in String(decoding: kept, as: UTF8.self).unicodeScalars {
            if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
                quotation += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                quotation.unicodeScalars.append(scalar)
            }
        }
        return quotation + (bytes.count > longest ? "…\"" : "\"")
    }

    /// `text` between quotation marks, as ``quotation(of:)-(Span<UInt8>)``.
    static func quotation(of text: String) -> String {
        let bytes = Array(text.utf8)
        return quotation(of: bytes.span)
    }

    /// The text that `bytes` spell: UTF-8 or, failing that, Latin-1, in which every byte is a character.
    ///
    /// The older MovieLens files are Latin-1, and copies of them are often converted; a Latin-1 text with a letter
    /// beyond ASCII is practically never valid UTF-8.
    static func repairedText(_ bytes: Span<UInt8>) -> String {
        if let utf8 = try? UTF8Span(validating: bytes) { return String(copying: utf8) }
        var text = ""
        for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        return text
    }

    /// The texts of a row's fields.
    static func texts(_ bytes: Span<UInt8>, _ ranges: [Range<Int>]) -> [String] {
        var texts: [String] = []
        for range in ranges { texts.append(repairedText(bytes.extracting(range))) }
        return texts
    }

    /// `text`, if it is an identifier; `name` begins the sentence if it is none.
    static func identifier(_ text: String, of name: String) throws(Fault) -> String {
        if let fault = Identifier.fault(of: text) { throw Fault(detail: "\(name) \(fault)") }
        return text
    }

    /// `text` without blanks at its ends.
    static func trimmed(_ text: String) -> String {
        var rest = text.drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
