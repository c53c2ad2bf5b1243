import CKernels

/// Draws items that a user has not interacted with, each equally likely.
///
/// Rather than drawing from all items until one is no positive, it draws the rank of the wanted item among the user's
/// non-positives and finds it by bisecting the user's sorted positives: exactly uniform, at a cost of O(log positives)
/// that does not grow for users who have seen nearly everything, and with no table of users × items.
struct NegativeSampler: Sendable {
    private let itemCount: Int
    private let offsets: [Int]
    // By user, ascending; entry j of a user has had its own rank j subtracted: how many non-positives lie below it.
    private let gapsBelow: [Int32]

    init(dataset: InteractionDataset) {
        itemCount = dataset.itemCount
        offsets = dataset.userOffsets
        var gaps: [Int32] = []
        gaps.reserveCapacity(dataset.interactionCount)
        for user in 0..<dataset.userCount {
            for (rank, item) in dataset.items(of: user).sorted().enumerated() { gaps.append(item - Int32(rank)) }
        }
        gapsBelow = gaps
    }

    /// How many items there are to draw from.
    func candidateCount(user: Int) -> Int {
        itemCount - (offsets[user + 1] - offsets[user])
    }

    /// An item that `user` has not interacted with; nil if there is none.
    func draw(user: Int, using random: inout SplitMix64) -> Int32? {
        let candidates = candidateCount(user: user)
        guard candidates > 0 else { return nil }
        let rank = Int32(random.below(candidates))
        // The wanted item is `rank` plus the number of positives below it: those with no more than `rank` gaps below.
        let start = offsets[user]
        let positives = offsets[user + 1] - start
        let below = unsafe gapsBelow.withUnsafeBufferPointer { gaps in
            guard let base = gaps.baseAddress, positives > 0 else { return Int64(0) }
            return unsafe nectar_count_at_most(base + start, Int64(positives), rank)
        }
        return rank + Int32(below)
    }

    /// Asks for what a draw for `user` reads to be brought near.
    func prefetch(user: Int) {
        let start = offsets[user]
        let bytes = (offsets[user + 1] - start) * MemoryLayout<Int32>.size
        unsafe gapsBelow.withUnsafeBufferPointer { gaps in
            guard let base = gaps.baseAddress else { return }
            // Beyond a few hundred positives the first steps of the bisection skip most lines anyway.
            unsafe nectar_prefetch(base + start, Int64(min(bytes, 1024)))
        }
    }
}
