extension Span<UInt8> {
    /// The first position in the range whose octet is not of the class, or where the range ends.
    ///
    /// Sixteen octets at a time as long as the span, not only the range, has that many.
    func end<Class: OctetClass>(of _: Class.Type, in range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var index = range.lowerBound
        while index < range.upperBound, count &- index >= 16 {
            // Safe: sixteen octets from here on are in the span, says the condition above.
            let octets = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: SIMD16<UInt8>.self)
            index &+= Self.lanesBeforeFirstFalse(Class.containsAll(of: octets))
            guard index < range.upperBound else { return range.upperBound }
            // Safe: before the range's end, which the precondition has put into the span.
            guard Class.contains(unsafe self[unchecked: index]) else { return index }
            index &+= 1
        }
        // Safe: as above.
        while index < range.upperBound, Class.contains(unsafe self[unchecked: index]) { index &+= 1 }
        return index
    }

    // Sixteen when all are true; the octet behind them is then looked at alone, if it is still in the range.
    @inline(__always)
    private static func lanesBeforeFirstFalse(_ mask: SIMDMask<SIMD16<Int8>>) -> Int {
        // Safe: both are sixteen octets without any invariant. A true lane has all its bits set.
        let lanes = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        let low = ~UInt64(littleEndian: lanes[0])
        guard low == 0 else { return low.trailingZeroBitCount / 8 }
        // 64 zero bits are eight lanes: the count needs no case of its own.
        return 8 &+ (~UInt64(littleEndian: lanes[1])).trailingZeroBitCount / 8
    }

    /// The range without the spaces and tabs at its ends.
    func trimmingBlanks(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, Octets.isBlank(self[lower]) { lower += 1 }
        while lower < upper, Octets.isBlank(self[upper - 1]) { upper -= 1 }
        return lower..<upper
    }

    /// Whether the octets in the range are exactly this text.
    @inline(__always)
    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        differences(from: text, in: range, ignoring: 0) == 0
    }

    /// Whether the octets in the range, no controls, are this text in any case; the text is in small letters.
    ///
    /// Without its fifth bit a letter is the same in both cases, and what else becomes equal by that is a control.
    @inline(__always)
    func equalsIgnoringCase(_ text: StaticString, in range: Range<Int>) -> Bool {
        differences(from: text, in: range, ignoring: 0x2020_2020_2020_2020) == 0
    }

    // Zero when they are alike. The text is known to the compiler, so of the loops only the comparisons are left.
    @inline(__always)
    private func differences(from text: StaticString, in range: Range<Int>, ignoring bits: UInt64) -> UInt64 {
        let length = text.utf8CodeUnitCount
        guard range.count == length else { return .max }
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // Safe: offsets below the length are in the text, and with the range's start before them in the span.
        let other = unsafe RawSpan(_unsafeStart: text.utf8Start, byteCount: length)
        var found: UInt64 = 0
        var offset = 0
        func compare<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_: Word.Type) {
            let width = MemoryLayout<Word>.size
            while length &- offset >= width {
                let ours = unsafe bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: range.lowerBound &+ offset, as: Word.self)
                let theirs = unsafe other.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Word.self)
                found |= UInt64(ours ^ theirs) & ~bits
                offset &+= width
            }
        }
        compare(UInt64.self)
        compare(UInt32.self)
        compare(UInt16.self)
        compare(UInt8.self)
        return found
    }

    /// Whether the octets are this ASCII text, capitals and small letters being alike.
    func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard other.count == count else { return false }
        for index in 0..<count where Octets.lowercased(self[index]) != Octets.lowercased(other[index]) { return false }
        return true
    }
}
