extension Span<UInt8> {
    /// The first position in the range whose octet is not of the class, or where the range ends.
    ///
    /// Most runs end within sixteen octets: the first ones are looked at in place, the others by a loop.
    @inline(__always)
    func end<Class: OctetClass>(of octets: Class.Type, in range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        guard count &- range.lowerBound >= 16 else { return endOfLongRun(octets, range.lowerBound, range.upperBound) }
        let index = range.lowerBound &+ lanesOfRun(octets, at: range.lowerBound)
        guard index < range.upperBound else { return range.upperBound }
        // Safe: before the range's end, which the precondition has put into the span.
        guard Class.contains(unsafe self[unchecked: index]) else { return index }
        return endOfLongRun(octets, index &+ 1, range.upperBound)
    }

    // Sixteen octets at a time as long as the span, not only the range, has that many. Both bounds are in the span.
    private func endOfLongRun<Class: OctetClass>(_ octets: Class.Type, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end, count &- index >= 16 {
            index &+= lanesOfRun(octets, at: index)
            guard index < end else { return end }
            // Safe: before the end.
            guard Class.contains(unsafe self[unchecked: index]) else { return index }
            index &+= 1
        }
        // Safe: as above.
        while index < end, Class.contains(unsafe self[unchecked: index]) { index &+= 1 }
        return index
    }

    // How many of the sixteen octets from here on come before the first that is not surely of the class.
    @inline(__always)
    private func lanesOfRun<Class: OctetClass>(_: Class.Type, at index: Int) -> Int {
        // Safe: the callers have made sure that there are sixteen.
        let octets = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: SIMD16<UInt8>.self)
        return Self.lanesBeforeFirstFalse(Class.containsAll(of: octets))
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
    @inline(__always)
    func trimmingBlanks(_ range: Range<Int>) -> Range<Int> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var lower = range.lowerBound
        var upper = range.upperBound
        // Safe: between the bounds, which are in the span.
        while lower < upper, Octets.isBlank(unsafe self[unchecked: lower]) { lower &+= 1 }
        while lower < upper, Octets.isBlank(unsafe self[unchecked: upper &- 1]) { upper &-= 1 }
        // Safe: the loops end where the two meet.
        return unsafe Range(uncheckedBounds: (lower, upper))
    }

    /// Whether the octets from `start` on, of which there must be enough, are those.
    func equals(_ octets: Span<UInt8>, at start: Int) -> Bool {
        precondition(start >= 0 && start <= count && octets.count <= count &- start)
        // Safe: octets are without any invariant, and only read.
        return differences(from: unsafe octets.bytes, at: start, ignoring: 0) == 0
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

    @inline(__always)
    private func differences(from text: StaticString, in range: Range<Int>, ignoring bits: UInt64) -> UInt64 {
        guard range.count == text.utf8CodeUnitCount else { return .max }
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // Safe: a literal is always there. The compiler knows its length: of the loops below only comparisons are left.
        let other = unsafe RawSpan(_unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        return differences(from: other, at: range.lowerBound, ignoring: bits)
    }

    // Zero when the octets from `start` on, of which there must be enough, are those.
    @inline(__always)
    private func differences(from other: RawSpan, at start: Int, ignoring bits: UInt64) -> UInt64 {
        var found: UInt64 = 0
        var offset = 0
        func compare<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_: Word.Type) {
            let width = MemoryLayout<Word>.size
            while other.byteCount &- offset >= width {
                // Safe: the offset stays below the other's length, and so within ours.
                let ours = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start &+ offset, as: Word.self)
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
        // Mostly they are spelt alike. Safe: octets are initialised memory without padding.
        if unsafe differences(from: other.bytes, at: 0, ignoring: 0) == 0 { return true }
        for index in 0..<count where Octets.lowercased(self[index]) != Octets.lowercased(other[index]) { return false }
        return true
    }
}
