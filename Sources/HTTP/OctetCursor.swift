/// Writes octets one behind the other into memory that was measured before; whoever measured too little stops the
/// program rather than write beyond it.
///
/// The same over `OutputSpan` takes some twenty instructions more for each piece, and a head has ten.
@safe
struct OctetCursor {
    // Safe: the memory from here on has room for so many octets, and is there as long as the cursor is lent.
    private var next: UnsafeMutableRawPointer
    private(set) var room: Int

    fileprivate init(_ next: UnsafeMutableRawPointer, room: Int) {
        unsafe self.next = unsafe next
        self.room = room
    }

    /// Appends the octets.
    @inline(__always)
    mutating func append(_ octets: Span<UInt8>) {
        // Safe: the buffer does not outlive the call.
        unsafe octets.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends a text that the compiler knows.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        // Safe: a literal's octets are always there.
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends one octet.
    @inline(__always)
    mutating func append(_ octet: UInt8) {
        advance(by: 1)
        // Safe: the room was there.
        unsafe (next - 1).storeBytes(of: octet, as: UInt8.self)
    }

    /// Appends a number in decimal digits.
    mutating func append(decimal number: UInt64) {
        // Eight digits at most lie in a register, the first of them lowest; what is above them goes before.
        var rest = number
        var digits: UInt64 = 0
        var count = 0
        repeat {
            digits = digits << 8 | (0x30 &+ rest % 10)
            rest /= 10
            count &+= 1
        } while rest > 0 && count < 8
        if rest > 0 { append(decimal: rest) }
        for _ in 0..<count {
            append(UInt8(truncatingIfNeeded: digits))
            digits >>= 8
        }
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
        advance(by: source.count)
        guard let start = source.baseAddress else { return }
        // Safe: the room was there, and nobody else has this memory.
        unsafe (next - source.count).copyMemory(from: start, byteCount: source.count)
    }

    @inline(__always)
    private mutating func advance(by count: Int) {
        precondition(count <= room, "what is written was measured before")
        room &-= count
        unsafe next += count
    }
}

extension [UInt8] {
    /// Appends what `write` writes, at most so many octets.
    @inline(__always)
    mutating func append(atMost count: Int, _ write: (inout OctetCursor) -> Void) {
        append(addingCapacity: count) { span in
            // Safe: what the cursor has passed is initialised.
            unsafe span.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let start = buffer.baseAddress else { return }
                var cursor = unsafe OctetCursor(start, room: count)
                write(&cursor)
                initialized = count &- cursor.room
            }
        }
    }
}
