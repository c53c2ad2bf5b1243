/// Which items each user has had, in about two bytes an interaction at most: so that nobody has an item twice.
///
/// A user whose share of the catalogue is not small has one bit for each item, and the answer is exact. The others have
/// a Bloom filter of 16 bits an interaction: it never forgets an item; that it takes a new one for an old one (about one
/// in a hundred) costs a second draw and nothing else.
struct SeenPairs: Sendable {
    private let itemCount: Int
    private var words: [UInt64]
    private let offsets: [Int]

    init(quotas: [Int], itemCount: Int) {
        self.itemCount = itemCount
        var offsets = [0]
        offsets.reserveCapacity(quotas.count + 1)
        for quota in quotas {
            let bits = min(itemCount, quota * 16)
            offsets.append(offsets[offsets.count - 1] + (bits + 63) / 64)
        }
        self.offsets = offsets
        words = [UInt64](repeating: 0, count: offsets[offsets.count - 1])
    }

    /// Notes that `user` has had `item`; false if so already, or if the filter cannot tell.
    mutating func insert(user: Int, item: Int) -> Bool {
        let start = offsets[user]
        let count = offsets[user + 1] - start
        if count * 64 >= itemCount { return setBit(start, item) }
        let hash = SplitMix64.mix(UInt64(item) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(user))
        let bits = UInt64(count * 64)
        var isNew = false
        var shift: UInt64 = 0
        while shift <= 32 {
            let bit = (hash >> shift) & 0xFFFF_FFFF
            if setBit(start, Int((bit &* bits) >> 32)) { isNew = true }
            shift += 16
        }
        return isNew
    }

    private mutating func setBit(_ start: Int, _ bit: Int) -> Bool {
        let mask: UInt64 = 1 << UInt64(bit & 63)
        let index = start + bit >> 6
        let wasSet = words[index] & mask != 0
        words[index] |= mask
        return !wasSet
    }
}
