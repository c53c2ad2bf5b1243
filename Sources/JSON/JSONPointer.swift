/// The place of a value in a document (RFC 6901): `""` is the whole, `/a/0` the first element of member `a`.
public struct JSONPointer: Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The pointer as written, with `~0` and `~1` for `~` and `/`.
    public private(set) var text: String

    /// The pointer to the whole document.
    public init() {
        text = ""
    }

    /// The pointer written as `text`, which is not checked here: a malformed one finds nothing.
    public init(_ text: String) {
        self.text = text
    }

    /// The pointer as written.
    public var description: String { text }

    /// The pointer to the member `name` of what this one names.
    public func appending(_ name: String) -> JSONPointer {
        var longer = text
        longer.append("/")
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": longer.append("~0")
            case "/": longer.append("~1")
            default: longer.unicodeScalars.append(scalar)
            }
        }
        return JSONPointer(longer)
    }

    /// The pointer to the element `index` of what this one names.
    public func appending(_ index: Int) -> JSONPointer {
        JSONPointer(text + "/\(index)")
    }

    /// The unescaped steps from the root; nil when the text is no pointer.
    var steps: [String]? {
        if text.isEmpty { return [] }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var steps: [String] = []
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let step = Self.unescaped(part) else { return nil }
            steps.append(step)
        }
        return steps
    }

    private static func unescaped(_ part: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = part[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The index an array step means: digits without a leading zero.
    static func arrayIndex(_ step: String) -> Int? {
        let digits = step.utf8
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        return Int(step)
    }
}
