/// Finds where a refused text goes wrong: a plain, byte-by-byte reading of RFC 8259.
///
/// Run only on texts simdjson has refused, and the oracle of the tests. Linear, one stack of open brackets.
struct JSONSyntaxLocator {
    let maximumDepth: Int
    private var open: [UInt8] = []
    private var position = 0

    init(maximumDepth: Int) {
        self.maximumDepth = maximumDepth
    }

    /// The first error in `bytes`, nil when they are a JSON text.
    mutating func firstError(in bytes: Span<UInt8>) -> JSONSyntaxError? {
        open.removeAll()
        position = 0
        do throws(JSONSyntaxError) {
            try document(bytes)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Structure

    private mutating func document(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            throw JSONSyntaxError(offset: 0, reason: "a byte order mark is not allowed")
        }
        skipSpace(bytes)
        if position == bytes.count { throw JSONSyntaxError(offset: position, reason: "the text is empty") }
        try value(bytes)
        while let bracket = open.last {
            skipSpace(bytes)
            guard let byte = peek(bytes) else { throw failure("the text ends inside \(Self.name(bracket))") }
            if byte == bracket + 2 {
                open.removeLast()
                position += 1
            } else if byte == UInt8(ascii: ",") {
                position += 1
                skipSpace(bytes)
                if bracket == UInt8(ascii: "{") { try name(bytes) }
                try value(bytes)
            } else {
                let closing = bracket == UInt8(ascii: "{") ? "}" : "]"
                throw failure("expected a comma or \"\(closing)\"")
            }
        }
        skipSpace(bytes)
        if position < bytes.count { throw failure("something follows the JSON text") }
    }

    /// Reads a value, or of a container all up to its first value that is none.
    private mutating func value(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        while true {
            skipSpace(bytes)
            guard let byte = peek(bytes) else { throw failure("the text ends where a value should be") }
            guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") else { return try scalar(byte, bytes) }
            if open.count == maximumDepth { throw failure("nested more than \(maximumDepth) deep") }
            open.append(byte)
            position += 1
            skipSpace(bytes)
            if peek(bytes) == byte + 2 {
                open.removeLast()
                position += 1
                return
            }
            if byte == UInt8(ascii: "{") { try name(bytes) }
        }
    }

    private mutating func name(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        guard let byte = peek(bytes) else { throw failure("the text ends inside an object") }
        guard byte == UInt8(ascii: "\"") else { throw failure("expected a member name in quotes") }
        try string(bytes)
        skipSpace(bytes)
        guard peek(bytes) == UInt8(ascii: ":") else { throw failure("expected a colon after the member name") }
        position += 1
    }

    private mutating func scalar(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        switch byte {
        case UInt8(ascii: "\""): try string(bytes)
        case UInt8(ascii: "t"): try word("true", bytes)
        case UInt8(ascii: "f"): try word("false", bytes)
        case UInt8(ascii: "n"): try word("null", bytes)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(bytes)
        default: throw failure("expected a value")
        }
    }

    private mutating func word(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        for expected in word.description.utf8 {
            guard peek(bytes) == expected else {
                throw JSONSyntaxError(offset: start, reason: "expected a value; strings need quotes")
            }
            position += 1
        }
    }

    // MARK: Numbers

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        var isInteger = true
        if peek(bytes) == UInt8(ascii: "-") { position += 1 }
        if peek(bytes) == UInt8(ascii: "0") {
            position += 1
            if isDigit(peek(bytes)) { throw failure("a number must not start with a zero") }
        } else {
            try digits(bytes)
        }
        if peek(bytes) == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits(bytes)
        }
        if let byte = peek(bytes), byte | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if let sign = peek(bytes), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try digits(bytes)
        }
        let text = unsafe bytes.extracting(start..<position).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
        // An integer may have any length.
        if !isInteger, Double(text)?.isFinite != true {
            throw JSONSyntaxError(offset: start, reason: "the number is out of range")
        }
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        guard isDigit(peek(bytes)) else { throw failure("expected a digit") }
        while isDigit(peek(bytes)) { position += 1 }
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        byte.map { $0 &- UInt8(ascii: "0") < 10 } ?? false
    }
}

extension JSONSyntaxLocator {
    // MARK: Strings

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        position += 1
        while let byte = peek(bytes) {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape(bytes)
            case 0..<0x20: throw failure("a control character in a string must be escaped")
            case 0x80...: try multibyte(byte, bytes)
            default: position += 1
            }
        }
        throw JSONSyntaxError(offset: start, reason: "the string is not closed")
    }

    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        position += 1
        switch peek(bytes) {
        case UInt8(ascii: "u"):
            let unit = try hexUnit(bytes, from: start)
            guard 0xD800..<0xE000 ~= unit else { return }
            let second = position
            if unit < 0xDC00, peek(bytes) == UInt8(ascii: "\\") {
                position += 1
                if peek(bytes) == UInt8(ascii: "u"), 0xDC00..<0xE000 ~= (try hexUnit(bytes, from: second)) { return }
            }
            throw JSONSyntaxError(offset: start, reason: "a lone surrogate")
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default: throw JSONSyntaxError(offset: start, reason: "an escape that does not exist")
        }
    }

    private mutating func hexUnit(_ bytes: Span<UInt8>, from start: Int) throws(JSONSyntaxError) -> UInt32 {
        position += 1
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = peek(bytes).flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
                throw JSONSyntaxError(offset: start, reason: "\\u needs four hexadecimal digits")
            }
            unit = unit * 16 + UInt32(digit)
            position += 1
        }
        return unit
    }

    /// Steps over one character of two to four bytes, by table 3-7 of the Unicode standard.
    private mutating func multibyte(_ first: UInt8, _ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        let rest: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: rest = 1
        case 0xE0: (rest, second) = (2, 0xA0...0xBF)
        case 0xED: (rest, second) = (2, 0x80...0x9F)
        case 0xE1...0xEF: rest = 2
        case 0xF0: (rest, second) = (3, 0x90...0xBF)
        case 0xF1...0xF3: rest = 3
        case 0xF4: (rest, second) = (3, 0x80...0x8F)
        default: throw failure("not UTF-8")
        }
        position += 1
        for index in 0..<rest {
            guard let byte = peek(bytes), (index == 0 ? second : 0x80...0xBF).contains(byte) else {
                throw JSONSyntaxError(offset: start, reason: "not UTF-8")
            }
            position += 1
        }
    }

    // MARK: Bytes

    private func peek(_ bytes: Span<UInt8>) -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while let byte = peek(bytes), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private func failure(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: position, reason: reason)
    }

    private static func name(_ bracket: UInt8) -> String {
        bracket == UInt8(ascii: "{") ? "an object" : "an array"
    }
}
