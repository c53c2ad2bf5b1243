/// One value of a document: a cursor on its tape, made in constant time, that keeps the document alive.
public struct JSONValue: Sendable {
    /// What a value is. A number without fraction and exponent is an integer, however long.
    public enum Kind: Sendable {
        case null, bool, integer, double, string, array, object
    }

    let tape: JSONTape
    /// Changed only while walking along an array.
    var index: Int

    /// What this value is.
    public var kind: Kind {
        switch tape.type(index) {
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "Z"): .integer
        case UInt8(ascii: "d"): .double
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "["): .array
        default: .object
        }
    }

    /// Whether this is `null`.
    public var isNull: Bool { tape.type(index) == UInt8(ascii: "n") }

    /// The truth value, nil when of another kind.
    public var bool: Bool? {
        switch tape.type(index) {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The integer, nil when of another kind or above `Int.max`.
    public var int: Int? {
        tape.type(index) == UInt8(ascii: "l") ? Int(truncatingIfNeeded: tape.word(index + 1)) : nil
    }

    /// The integer's decimal text, as many digits as it has; nil when of another kind.
    public var integerText: String? {
        switch tape.type(index) {
        case UInt8(ascii: "l"): int?.description
        case UInt8(ascii: "u"): unsignedInteger?.description
        case UInt8(ascii: "Z"): tape.string(index)
        default: nil
        }
    }

    /// The integer, nil when of another kind, negative or above `UInt64.max`.
    public var unsignedInteger: UInt64? {
        switch tape.type(index) {
        case UInt8(ascii: "u"): tape.word(index + 1)
        case UInt8(ascii: "l"): UInt64(exactly: Int64(truncatingIfNeeded: tape.word(index + 1)))
        default: nil
        }
    }

    /// The number, always finite, rounded to a double if it is a large integer; nil when of another kind, or an integer
    /// beyond all doubles.
    public var double: Double? {
        switch tape.type(index) {
        case UInt8(ascii: "d"): Double(bitPattern: tape.word(index + 1))
        case UInt8(ascii: "l"): Double(Int64(truncatingIfNeeded: tape.word(index + 1)))
        case UInt8(ascii: "u"): Double(tape.word(index + 1))
        case UInt8(ascii: "Z"): Double(tape.string(index)).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// The text, nil when of another kind.
    public var string: String? {
        tape.type(index) == UInt8(ascii: "\"") ? tape.string(index) : nil
    }

    /// Runs `body` on the text's UTF-8 in place, without making a `String`; nil when of another kind.
    public func withUTF8<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        guard tape.type(index) == UInt8(ascii: "\"") else { return nil }
        return withExtendedLifetime(tape) { unsafe body(tape.utf8(index).span) }
    }

    /// Whether this is the text `text`, by bytes, without making a `String`.
    public func isString(_ text: String) -> Bool {
        tape.type(index) == UInt8(ascii: "\"") && tape.string(index, equals: text)
    }

    /// How many elements or members there are; 0 for a value of another kind. Constant time below 2²⁴ − 1.
    public var count: Int {
        guard kind == .array || kind == .object else { return 0 }
        let stored = Int((tape.word(index) >> 32) & 0xFF_FFFF)
        guard stored == 0xFF_FFFF else { return stored }
        var exact = 0
        var child = index + 1
        let isObject = kind == .object
        while child < lastIndex {
            child = tape.next(isObject ? child + 1 : child)
            exact += 1
        }
        return exact
    }

    /// The index of a container's closing word; of this value's own word when it is none, so that it has no children.
    var lastIndex: Int {
        switch kind {
        case .array, .object: tape.next(index) - 1
        default: index
        }
    }

    /// Where this value stands, found by walking from the root: linear in what stands before it.
    public var pointer: JSONPointer { pointer(from: 1, at: JSONPointer()) }

    /// Where this value stands, found by walking from the one at `start`, which holds it and stands at `pointer`.
    func pointer(from start: Int, at pointer: JSONPointer) -> JSONPointer {
        var pointer = pointer
        var value = JSONValue(tape: tape, index: start)
        while value.index != index {
            guard let step = value.step(towards: index) else { return pointer }
            pointer = step.pointer(pointer)
            value = step.value
        }
        return pointer
    }

    private func step(towards target: Int) -> (value: JSONValue, pointer: (JSONPointer) -> JSONPointer)? {
        var position = 0
        var child = index + 1
        let isObject = kind == .object
        while child < lastIndex {
            let valueIndex = isObject ? child + 1 : child
            let next = tape.next(valueIndex)
            if target < next {
                let value = JSONValue(tape: tape, index: valueIndex)
                if isObject {
                    let name = tape.string(child)
                    return (value, { $0.appending(name) })
                }
                return (value, { [position] in $0.appending(position) })
            }
            child = next
            position += 1
        }
        return nil
    }
}
