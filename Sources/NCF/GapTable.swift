import CKernels

/// What each user has interacted with as sorted gaps: four bytes for each interaction, however large the catalogue.
///
/// The item of a rank among the user's non-positives is found in O(log positives). The positives are searched by cache lines, with
/// the last of every line in a table of their own: a search reads two or three lines for any user but the busiest.
final class GapTable: Sendable {
    private let offsets: [Int]
    // By user, ascending; entry j of a user has had its own rank j subtracted: how many non-positives lie below it.
    private let gapsBelow: AlignedBuffer<Int32>
    // The last one of every line of these, whosever it is.
    private let fences: AlignedBuffer<Int32>

    init(dataset: InteractionDataset) {
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

    /// Bytes of the table of `dataset`, about.
    static func byteCount(of dataset: InteractionDataset) -> Int {
        dataset.interactionCount * MemoryLayout<Int32>.size
    }

    /// Asks for what the ranks of `user` are looked up in first to be brought near.
    func prefetch(user: Int) {
        let line = Int(NECTAR_GAPS_OF_LINE)
        let (start, end) = (offsets[user] / line, offsets[user + 1] / line)
        // Of a longer history it is bisected, which most of this is skipped by.
        let count = min(end - start, 4 * line)
        unsafe nectar_prefetch(fences.base + start, Int64(count * MemoryLayout<Int32>.size))
    }

    /// The item of that rank among what `user` has not interacted with.
    func item(ofRank rank: Int, user: Int) -> Int32 {
        // A group of one negative.
        var items: InlineArray<2, Int32> = [0, Int32(rank)]
        var owner = Int32(user)
        unsafe withUnsafeMutablePointer(to: &items) { group in
            unsafe group.withMemoryRebound(to: Int32.self, capacity: 2) { items in
                unsafe resolve(groups: 1, samplesPerGroup: 2, users: &owner, items: items)
            }
        }
        return items[1]
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
