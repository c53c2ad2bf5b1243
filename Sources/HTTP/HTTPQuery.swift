/// The parameters of a query, in order, duplicates kept: `name=value` joined by `&`, decoded once.
///
/// A parameter without `=` has an empty value; empty parameters (`a=1&&b=2`) are passed over. A `+` is a space.
public struct HTTPQuery: Sendable {
    /// A parameter.
    public typealias Element = (name: String, value: String)

    private var elements: [Element] = []
    // The values whose parts a comma separates, with the elements' places.
    private var parts: [Int: [String]] = [:]

    /// Splits the raw query first and decodes each part then, so that `%26` and `%3D` separate nothing.
    public init(_ octets: Span<UInt8>) throws(PercentDecoding.Failure) {
        for range in Self.ranges(of: octets, separatedBy: 0x26) where !range.isEmpty {
            try append(octets.extracting(range))
        }
    }

    /// The query of a request; no parameters when it has none.
    public init(of request: HTTPRequest) throws(PercentDecoding.Failure) {
        try self.init(request.query ?? "")
    }

    /// The parameters of a query given as text.
    public init(_ query: String) throws(PercentDecoding.Failure) {
        try self.init(query.utf8Span.span)
    }

    /// The value of the first parameter of this name.
    public subscript(_ name: String) -> String? {
        elements.first { $0.name == name }?.value
    }

    /// The values of all parameters of this name, in order.
    public func values(of name: String) -> [String] {
        elements.filter { $0.name == name }.map(\.value)
    }

    /// The value at a position as a list: what commas separate, split first and decoded then, so that `%2C` separates nothing. Empty
    /// parts are passed over.
    public func list(at index: Int) -> [String] {
        parts[index] ?? (elements[index].value.isEmpty ? [] : [elements[index].value])
    }

    private mutating func append(_ octets: Span<UInt8>) throws(PercentDecoding.Failure) {
        let separator = Self.first(0x3D, in: octets, 0..<octets.count)
        let name = try PercentDecoding.decode(octets.extracting(..<(separator ?? octets.count)), plusIsSpace: true)
        guard let separator else { return elements.append((name, "")) }
        let value = octets.extracting((separator + 1)...)
        if Self.first(0x2C, in: value, 0..<value.count) != nil {
            parts[elements.count] = try Self.parts(of: value)
        }
        elements.append((name, try PercentDecoding.decode(value, plusIsSpace: true)))
    }

    private static func parts(of value: Span<UInt8>) throws(PercentDecoding.Failure) -> [String] {
        var parts: [String] = []
        for range in ranges(of: value, separatedBy: 0x2C) where !range.isEmpty {
            parts.append(try PercentDecoding.decode(value.extracting(range), plusIsSpace: true))
        }
        return parts
    }

    private static func ranges(of octets: Span<UInt8>, separatedBy separator: UInt8) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < octets.count {
            let end = first(separator, in: octets, start..<octets.count) ?? octets.count
            ranges.append(start..<end)
            start = end + 1
        }
        return ranges
    }

    private static func first(_ byte: UInt8, in octets: Span<UInt8>, _ range: Range<Int>) -> Int? {
        for index in range where octets[index] == byte { return index }
        return nil
    }
}

extension HTTPQuery: RandomAccessCollection {
    /// Where the parameters begin.
    public var startIndex: Int { 0 }
    /// Where the parameters end.
    public var endIndex: Int { elements.count }
    /// The parameter at this position.
    public subscript(_ index: Int) -> Element { elements[index] }
}
