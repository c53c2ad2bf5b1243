/// Why a value cannot be sent as a field: it holds a control octet, CR and LF above all.
public struct HTTPFieldValueError: Error, Equatable, Sendable {
    /// Where the first such octet stands.
    public let offset: Int
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    /// The fields in the order written; a name may come twice.
    public init(dictionaryLiteral elements: (HTTPFieldName, String)...) {
        var octets = 0
        for (name, value) in elements { octets += name.description.utf8.count + 2 + value.utf8.count }
        storage.reserveCapacity(octets)
        lines.reserveCapacity(elements.count)
        for (name, value) in elements { append(name, value) }
    }

    /// Adds a field whose value the program made; one that could split the message stops the program.
    public mutating func append(_ name: HTTPFieldName, _ value: String) {
        do throws(HTTPFieldValueError) {
            try append(name, untrusted: value)
        } catch {
            preconditionFailure("a field value has a control octet at \(error.offset)")
        }
    }

    /// Adds a field whose value came from outside, and refuses it when it has control octets.
    ///
    /// White space around the value is dropped, as a recipient would.
    public mutating func append(_ name: HTTPFieldName, untrusted value: String) throws(HTTPFieldValueError) {
        let octets = value.utf8Span.span
        let end = octets.end(of: FieldContentOctets.self, in: 0..<octets.count)
        guard end == octets.count else { throw HTTPFieldValueError(offset: end) }
        let content = octets.trimmingBlanks(0..<end)
        let start = storage.count
        let valueStart = start + name.description.utf8.count + 2
        storage.append(atMost: valueStart - start + content.count) { line in
            line.append(name.description.utf8Span.span)
            line.append(": ")
            line.append(octets.extracting(content))
        }
        lines.append(
            Line(name: Extent(start..<valueStart - 2), value: Extent(valueStart..<valueStart + content.count)))
    }

    /// Puts one field of this name in the place of all there are.
    public mutating func set(_ name: HTTPFieldName, _ value: String) {
        remove(name)
        append(name, value)
    }

    /// Drops every field of this name.
    public mutating func remove(_ name: HTTPFieldName) {
        while let index = firstIndex(of: name) { lines.remove(at: index) }
    }

    /// Copies the octets that the lines' ranges refer to, the whole head at once.
    mutating func store(_ octets: Span<UInt8>) {
        guard storage.count != octets.count else { return overwrite(octets) }
        // Safe: the buffer does not outlive the call.
        unsafe octets.withUnsafeBufferPointer { unsafe storage.replaceSubrange(0..<storage.count, with: $0) }
    }

    // Heads of one connection are mostly of one length, and then this is all there is to do.
    private mutating func overwrite(_ octets: Span<UInt8>) {
        // Safe: both have the same length, and neither buffer outlives the call.
        unsafe storage.withUnsafeMutableBytes { target in
            unsafe octets.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
    }

    /// Puts every line so many octets further on, modulo 2³².
    mutating func moveLines(by distance: UInt32) {
        for index in lines.indices {
            lines[index].name.start &+= distance
            lines[index].value.start &+= distance
        }
    }
}
