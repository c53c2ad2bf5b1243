import CKernels

/// What each user has interacted with as one bit for every item of the catalogue: membership in one read.
final class SeenBits: Sendable {
    // Bit i % 64 of word i / 64 of a user's words stands for item i.
    private let bits: AlignedBuffer<UInt64>
    private let wordsPerUser: Int

    init(dataset: InteractionDataset) {
        wordsPerUser = Self.wordsPerUser(itemCount: dataset.itemCount)
        bits = AlignedBuffer(count: dataset.userCount * wordsPerUser, repeating: 0)
        for user in 0..<dataset.userCount {
            for item in dataset.items(of: user) { bits[user * wordsPerUser + Int(item) / 64] |= 1 << (item % 64) }
        }
    }

    private static func wordsPerUser(itemCount: Int) -> Int { (itemCount + 63) / 64 }

    /// Bytes of the table of `dataset`.
    static func byteCount(of dataset: InteractionDataset) -> Int {
        dataset.userCount * wordsPerUser(itemCount: dataset.itemCount) * MemoryLayout<UInt64>.size
    }

    /// Asks for what tells whether `user` has interacted with `item` to be brought near.
    @inline(__always)
    func prefetch(item: Int, user: Int) {
        unsafe nectar_prefetch(bits.base + user * wordsPerUser + item / 64, 1)
    }

    func contains(item: Int, user: Int) -> Bool {
        bits[user * wordsPerUser + item / 64] & 1 << (item % 64) != 0
    }

    /// The item of that rank among what `user` has not interacted with; O(items / 64).
    func item(ofRank rank: Int, user: Int) -> Int32 {
        unsafe nectar_clear_bit(bits.base + user * wordsPerUser, Int64(rank))
    }

    /// Calls `body` for every negative in the groups `range` of `batch` that its group's user has interacted with.
    func forEachSeen(
        _ range: Range<Int>, of batch: MiniBatch, _ body: (_ group: Int, _ place: Int) -> Void
    ) {
        precondition(range.upperBound <= batch.capacity)
        let per = batch.samplesPerGroup
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count * per) { seen in
            guard let base = seen.baseAddress else { return }
            let count = unsafe nectar_find_seen(
                Int32(range.count), Int32(per), batch.users.base + range.lowerBound,
                batch.items.base + range.lowerBound * per, bits.base, Int64(wordsPerUser), base)
            for index in 0..<Int(count) {
                let sample = unsafe Int(base[index])
                body(range.lowerBound + sample / per, sample % per)
            }
        }
    }
}
