/// The fields of a message in the order they came, duplicates and all (RFC 9110, section 5).
///
/// One buffer of octets and one list of ranges into it: a parsed head is copied once and never taken apart. Looking a
/// name up compares octets, n fields in O(n), which for the few fields of a real message beats hashing them.
public struct HTTPFields: Sendable {
    // For a parsed request this holds the whole head, request line included.
    var storage: [UInt8] = []
    var lines: [Line] = []

    /// Where one field's name and value lie in the storage.
    struct Line: Sendable, Equatable {
        var name: Extent
        var value: Extent

        /// The field line without its end: between name and value lie a colon and white space, in what was parsed as
        /// in what was appended.
        var whole: Range<Int> { Int(name.start)..<Int(value.start) &+ Int(value.count) }
    }

    /// A range of octets in half the size of a `Range<Int>`; the parser's limits keep heads far below 4 GiB.
    struct Extent: Sendable, Equatable {
        var start: UInt32
        var count: UInt32

        init(_ range: Range<Int>) {
            start = UInt32(truncatingIfNeeded: range.lowerBound)
            count = UInt32(truncatingIfNeeded: range.upperBound &- range.lowerBound)
        }

        var range: Range<Int> { Int(start)..<Int(start) &+ Int(count) }
        static var none: Extent { Extent(0..<0) }
    }

    /// No fields.
    public init() {}

    /// How many field lines there are.
    public var count: Int { lines.count }

    /// Whether there are none.
    public var isEmpty: Bool { lines.isEmpty }

    /// The value of the first field of this name, octets above 127 repaired into text.
    public subscript(_ name: HTTPFieldName) -> String? {
        firstIndex(of: name).map { value(at: $0) }
    }

    /// The values of all fields of this name, in order.
    public func values(of name: HTTPFieldName) -> [String] {
        lines.indices.filter { spells(lines[$0].name, name) }.map { value(at: $0) }
    }

    /// Whether there is a field of this name.
    public func contains(_ name: HTTPFieldName) -> Bool { firstIndex(of: name) != nil }

    /// The position of the first field of this name, from `start` on.
    public func firstIndex(of name: HTTPFieldName, from start: Int = 0) -> Int? {
        // The lengths first: they settle nearly every comparison.
        let length = UInt32(truncatingIfNeeded: name.description.utf8.count)
        let lines = lines.span
        for index in start..<lines.count where lines[index].name.count == length {
            if spells(lines[index].name, name) { return index }
        }
        return nil
    }

    /// The name of the field at this position, as it was spelt.
    public func name(at index: Int) -> String {
        String(decoding: storage[lines[index].name.range], as: UTF8.self)
    }

    /// The value of the field at this position, without the white space around it.
    public func value(at index: Int) -> String {
        String(decoding: storage[lines[index].value.range], as: UTF8.self)
    }

    /// Lends the octets of the value at this position, uncopied.
    public func withValue<Result>(at index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        body(storage.span.extracting(lines[index].value.range))
    }

    /// Whether the value at this position is `text`, octet by octet.
    public func hasValue(_ text: StaticString, at index: Int) -> Bool {
        let value = lines[index].value
        return Int(value.count) == text.utf8CodeUnitCount && storage.span.equals(text, in: value.range)
    }

    /// Lends the octets of the name at this position, uncopied.
    public func withName<Result>(at index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        body(storage.span.extracting(lines[index].name.range))
    }

    private func spells(_ extent: Extent, _ name: HTTPFieldName) -> Bool {
        storage.span.extracting(extent.range).equalsIgnoringCase(name.description.utf8Span.span)
    }
}

extension HTTPFields: Sequence {
    /// The name as it was spelt, and the value.
    public typealias Element = (name: String, value: String)

    /// Walks the fields in order, making text of each.
    public func makeIterator() -> AnyIterator<Element> {
        var index = 0
        return AnyIterator {
            guard index < count else { return nil }
            defer { index += 1 }
            return (name(at: index), value(at: index))
        }
    }
}
