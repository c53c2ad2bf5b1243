extension AppendRequest {
    /// A number that stands for the interactions: a retry has the same one, another request has another, but for one in
    /// 2^64 by accident. It is kept in files, so that it must never change.
    ///
    /// FNV-1a (Fowler, Noll and Vo) with 64 bits over every member, each with its presence and, where it is text, its length first.
    var fingerprint: Int64 {
        var hash = FNV1a()
        for interaction in interactions {
            hash.combine(interaction.userID)
            hash.combine(interaction.itemID)
            hash.combine(interaction.kind)
            hash.combine(interaction.rating?.bitPattern)
            hash.combine(interaction.weight?.bitPattern)
            hash.combine(interaction.timestamp.map { UInt64(bitPattern: $0) })
            hash.combine(interaction.interactionID)
        }
        return Int64(bitPattern: hash.state)
    }
}

private struct FNV1a {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ text: String?) {
        combine(text.map { UInt64($0.utf8.count) })
        for byte in text?.utf8 ?? "".utf8 { combine(byte) }
    }

    mutating func combine(_ number: UInt64?) {
        combine(number == nil ? UInt8(0) : 1)
        for shift in stride(from: 0, to: 64, by: 8) {
            if let number { combine(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
        }
    }

    private mutating func combine(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}
