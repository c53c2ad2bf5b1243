/// A 64-bit checksum of a snapshot's payload, fast enough to verify a mapped file at memory speed.
///
/// Words of 8 bytes go in turn to four lanes, each a chain of steps `state = rotate((state ^ word) * odd)`. Every step is
/// a bijection of the state and of the word, and so is every step that folds the lanes into the result; therefore a
/// change confined to one 8-byte word, such as any flipped bit, always changes the result. Wider damage passes with
/// probability 2⁻⁶⁴. It is no protection against someone who forges files on purpose.
///
/// Format, fixed for as long as snapshots of format 1 are read: little-endian words, the last one padded with zeros, and
/// the byte count mixed in at the end.
struct PayloadChecksum {
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let finalMultiplier: UInt64 = 0xD6E8_FEB8_6659_FD93
    private static let laneCount = 4

    private var lanes: (UInt64, UInt64, UInt64, UInt64) = (
        0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344, 0xA409_3822_299F_31D0, 0x082E_FA98_EC4E_6C89
    )
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    /// Takes the next bytes; how they are cut into calls does not matter.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let block = 8 * Self.laneCount
        byteCount += UInt64(bytes.count)
        var start = 0
        if !pending.isEmpty {
            start = min(block - pending.count, bytes.count)
            unsafe pending.append(contentsOf: bytes[0..<start])
            if pending.count < block { return }
            unsafe pending.withUnsafeBytes { unsafe mix($0) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = (bytes.count - start) / block * block
        unsafe mix(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + whole)]))
        unsafe pending.append(contentsOf: bytes[(start + whole)...])
    }

    /// The checksum of everything taken.
    consuming func finalize() -> UInt64 {
        if !pending.isEmpty {
            pending.append(contentsOf: repeatElement(0, count: 8 * Self.laneCount - pending.count))
            unsafe pending.withUnsafeBytes { unsafe mix($0) }
        }
        var result = byteCount
        for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
            result = (result ^ lane) &* Self.finalMultiplier
            result ^= result >> 32
        }
        return result
    }

    /// The checksum of `bytes` in one go.
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var checksum = PayloadChecksum()
        unsafe checksum.update(bytes)
        return checksum.finalize()
    }

    private mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        var (first, second, third, fourth) = lanes
        var offset = 0
        while offset < bytes.count {
            unsafe first = Self.step(first, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            unsafe second = Self.step(second, bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
            unsafe third = Self.step(third, bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
            unsafe fourth = Self.step(fourth, bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
            offset += 32
        }
        lanes = (first, second, third, fourth)
    }

    @inline(__always)
    private static func step(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let mixed = (state ^ UInt64(littleEndian: word)) &* multiplier
        return (mixed << 29) | (mixed >> 35)
    }
}
