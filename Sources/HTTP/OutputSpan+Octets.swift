extension OutputSpan<UInt8> {
    /// Appends the octets; there must be room for them.
    @inline(__always)
    mutating func append(_ octets: Span<UInt8>) {
        // Safe: both buffers live as long as the closures, and the copy is checked against the room first.
        unsafe octets.withUnsafeBytes { source in
            unsafe append(source)
        }
    }

    /// Appends a text that the compiler knows.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        // Safe: a literal's octets are always there.
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    private mutating func append(_ source: UnsafeRawBufferPointer) {
        precondition(source.count <= freeCapacity, "the head was measured before it is written")
        // Safe: the room is there, and what is copied is counted as initialised.
        unsafe withUnsafeMutableBufferPointer { buffer, initializedCount in
            guard let start = buffer.baseAddress, let from = source.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(start + initializedCount).copyMemory(from: from, byteCount: source.count)
            initializedCount += source.count
        }
    }
}
