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

    /// Appends a number in decimal digits.
    mutating func append(decimal number: UInt64) {
        // As many as the greatest number has.
        var digits = InlineArray<20, UInt8>(repeating: 0x30)
        var start = 20
        var rest = number
        repeat {
            start &-= 1
            digits[start] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(digits.span.extracting(start...))
    }

    /// Appends a number in hexadecimal digits, small letters, without zeros in front.
    mutating func append(hexadecimal number: Int) {
        let bits = Int.bitWidth - number.leadingZeroBitCount
        for digit in stride(from: max(0, (bits - 1) / 4), through: 0, by: -1) {
            let value = UInt8(truncatingIfNeeded: (number >> (digit * 4)) & 15)
            append(value < 10 ? 0x30 + value : 0x57 + value)
        }
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
