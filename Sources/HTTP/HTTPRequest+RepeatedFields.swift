/// The fields of a head that says what the last one on the connection said.
///
/// A client on a persistent connection mostly sends one field section again and again. The last one's octets are still
/// in the storage; where they come once more, to the octet and up to the empty line, they mean what they meant, and
/// need not be read again: of a head with the fields of a browser that saves nine tenths.
extension HTTPRequest {
    /// Where the head ends whose field section begins at `start`, if that is the last head's over again.
    func endOfRepeatedFields(_ bytes: Span<UInt8>, at start: Int, _ limits: HTTPRequestParser.Limits) -> Int? {
        let length = Int(sectionExtent.count)
        // The limits may be another parser's than those that the last head kept.
        guard
            length > 0, bytes.count &- start >= length, length &- 2 <= limits.fieldSection,
            fields.lines.count <= limits.fieldCount
        else { return nil }
        let last = fields.storage.span.extracting(sectionExtent.range)
        return bytes.equals(last, at: start) ? start &+ length : nil
    }

    /// Takes the last head's fields over into a head in which they begin at `start`.
    mutating func repeatFields(_ head: Span<UInt8>, at start: Int) {
        let distance = UInt32(truncatingIfNeeded: start) &- sectionExtent.start
        if distance != 0 {
            fields.moveLines(by: distance)
            authorityExtent?.start &+= distance
            sectionExtent.start &+= distance
        }
        fields.store(head)
    }
}
