/// A walk over the comma-separated elements of a field value (RFC 9110, section 5.6.1), empty ones included.
///
/// For lists of tokens only: quoted strings, which may hold commas, are not looked into.
struct FieldList {
    private var position: Int
    private let end: Int

    init(_ value: Range<Int>) {
        position = value.lowerBound
        end = value.upperBound
    }

    /// The next element without the white space around it; nil after the last.
    mutating func next(_ octets: Span<UInt8>) -> Range<Int>? {
        guard position <= end else { return nil }
        let start = position
        while position < end, octets[position] != Octets.comma { position += 1 }
        let element = octets.trimmingBlanks(start..<position)
        position += 1
        return element
    }
}
