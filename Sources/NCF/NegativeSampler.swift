import CKernels

/// Draws items that a user has not interacted with, each equally likely.
///
/// Rather than drawing from all items until one is no positive, it draws the rank of the wanted item among the user's
/// non-positives and finds it in the user's sorted positives: exactly uniform, at a cost of O(log positives)
/// that does not grow for users who have seen nearly everything, and with no table of users × items. The positives are
/// searched by cache lines, with the last of every line in a table of their own: a draw of any user but the busiest reads
/// two or three lines.
struct NegativeSampler: Sendable {
    private let itemCount: Int
    private let offsets: [Int]
    // By user, ascending; entry j of a user has had its own rank j subtracted: how many non-positives lie below it.
    private let gapsBelow: AlignedBuffer<Int32>
    // The last one of every line of these, whosever it is.
    private let fences: AlignedBuffer<Int32>

    init(dataset: InteractionDataset) {
        itemCount = dataset.itemCount
        offsets = dataset.userOffsets
        let line = Int(NECTAR_GAPS_OF_LINE)
        let lines = dataset.interactionCount / line
        // Whole lines are read, of both, and one may begin at the end.
        gapsBelow = AlignedBuffer(count: (lines + 1) * line, repeating: 0)
        fences = AlignedBuffer(count: lines + line, repeating: 0)
        for user in 0..<dataset.userCount {
            for (rank, item) in dataset.items(of: user).sorted().enumerated() {
                gapsBelow[offsets[user] + rank] = item - Int32(rank)
            }
        }
        for index in 0..<lines { fences[index] = gapsBelow[(index + 1) * line - 1] }
    }

    /// How many items there are to draw from.
    func candidateCount(user: Int) -> Int {
        itemCount - (offsets[user + 1] - offsets[user])
    }

    /// An item that `user` has not interacted with; nil if there is none.
    func draw(user: Int, using random: inout SplitMix64) -> Int32? {
        let candidates = candidateCount(user: user)
        guard candidates > 0 else { return nil }
        // A group of one negative.
        var items: InlineArray<2, Int32> = [0, Int32(random.below(candidates))]
        var owner = Int32(user)
        unsafe withUnsafeMutablePointer(to: &items) { group in
            unsafe group.withMemoryRebound(to: Int32.self, capacity: 2) { items in
                unsafe resolve(groups: 1, samplesPerGroup: 2, users: &owner, items: items)
            }
        }
        return items[1]
    }

    /// Asks for what the ranks of `user` are looked up in first to be brought near.
    func prefetch(user: Int) {
        let line = Int(NECTAR_GAPS_OF_LINE)
        let (start, end) = (offsets[user] / line, offsets[user + 1] / line)
        // Of a longer history it is bisected, which most of this is skipped by.
        let count = min(end - start, 4 * line)
        unsafe nectar_prefetch(fences.base + start, Int64(count * MemoryLayout<Int32>.size))
    }

    /// In the groups `range` of `batch`, makes of each negative's rank among the non-positives of its group's user the item that
    /// has it.
    func resolve(_ range: Range<Int>, of batch: MiniBatch) {
        precondition(range.upperBound <= batch.capacity)
        unsafe resolve(
            groups: range.count, samplesPerGroup: batch.samplesPerGroup, users: batch.users.base + range.lowerBound,
            items: batch.items.base + range.lowerBound * batch.samplesPerGroup)
    }

    private func resolve(
        groups: Int, samplesPerGroup: Int, users: UnsafePointer<Int32>, items: UnsafeMutablePointer<Int32>
    ) {
        unsafe offsets.withUnsafeBufferPointer { offsets in
            guard let offsets = offsets.baseAddress else { return }
            unsafe nectar_resolve_ranks(
                Int32(groups), Int32(samplesPerGroup), users, offsets, gapsBelow.base, fences.base, items)
        }
    }
}
