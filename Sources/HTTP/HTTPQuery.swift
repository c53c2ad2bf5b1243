/// The parameters of a query, in order, duplicates kept: `name=value` joined by `&`, decoded once.
///
/// A parameter without `=` has an empty value; empty parameters (`a=1&&b=2`) are passed over. A `+` is a space.
public struct HTTPQuery: Sendable {
    /// A parameter.
    public typealias Element = (name: String, value: String)

    private var elements: [Element] = []

    /// Splits the raw query first and decodes each part then, so that `%26` and `%3D` separate nothing.
    public init(_ octets: Span<UInt8>) throws(PercentDecoding.Failure) {
        var start = 0
        while start < octets.count {
            let end = Self.first(0x26, in: octets, start..<octets.count) ?? octets.count
            if end > start { elements.append(try Self.parameter(octets.extracting(start..<end))) }
            start = end + 1
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

    private static func parameter(_ octets: Span<UInt8>) throws(PercentDecoding.Failure) -> Element {
        let separator = first(0x3D, in: octets, 0..<octets.count)
        let name = try PercentDecoding.decode(octets.extracting(..<(separator ?? octets.count)), plusIsSpace: true)
        guard let separator else { return (name, "") }
        return (name, try PercentDecoding.decode(octets.extracting((separator + 1)...), plusIsSpace: true))
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
