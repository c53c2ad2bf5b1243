/// Draws items that a user has not interacted with, each equally likely.
///
/// What users have interacted with is kept in whichever form is smaller. Where a good part of the catalogue is (3 % and more), as
/// bits: an item is drawn from all, and one that the user has seen is replaced by the item of a drawn rank among those that are left,
/// which leaves every one of these as likely as the others. Else as gaps, in which an item is found by its rank at once. Neither
/// takes long for users who have seen nearly everything.
final class NegativeSampler: Sendable {
    private let itemCount: Int
    private let offsets: [Int]
    private let seen: Seen

    private enum Seen {
        case bits(SeenBits)
        case gaps(GapTable)
    }

    convenience init(dataset: InteractionDataset) {
        let hasDenseUsers = SeenBits.byteCount(of: dataset) <= GapTable.byteCount(of: dataset)
        self.init(dataset: dataset, asBits: hasDenseUsers)
    }

    init(dataset: InteractionDataset, asBits: Bool) {
        itemCount = dataset.itemCount
        offsets = dataset.userOffsets
        seen = asBits ? .bits(SeenBits(dataset: dataset)) : .gaps(GapTable(dataset: dataset))
    }

    /// Which of the two forms it keeps.
    var isOfBits: Bool {
        if case .bits = seen { true } else { false }
    }

    /// How many items there are to draw from.
    func candidateCount(user: Int) -> Int {
        itemCount - (offsets[user + 1] - offsets[user])
    }

    /// An item that `user` has not interacted with; nil if there is none.
    func draw(user: Int, using random: inout SplitMix64) -> Int32? {
        let candidates = candidateCount(user: user)
        guard candidates > 0 else { return nil }
        return item(ofRank: random.below(candidates), user: user)
    }

    private func item(ofRank rank: Int, user: Int) -> Int32 {
        switch seen {
        case .bits(let bits): bits.item(ofRank: rank, user: user)
        case .gaps(let gaps): gaps.item(ofRank: rank, user: user)
        }
    }

    /// Draws the negatives of the groups `range` of `batch`, whose users are there: every item of a group but the first. Where a user
    /// has interacted with everything, what is left there stands for no item.
    ///
    /// Group g draws from the stream of place `first` + g, whatever the range.
    func fill(_ range: Range<Int>, of batch: MiniBatch, from streams: SplitMix64.Streams, first: Int) {
        precondition(range.upperBound <= batch.capacity)
        switch seen {
        case .bits(let bits):
            drawItems(range, of: batch, from: streams, first: first) { _ in
                itemCount
            } then: { user, item in
                bits.prefetch(item: item, user: user)
            }
            bits.forEachSeen(range, of: batch) { group, place in
                var random = streams[first + group]
                // After the numbers that the group was drawn by; two for each place.
                random.skip(batch.samplesPerGroup - 1 + 2 * place)
                guard let item = draw(user: Int(batch.users[group]), unseenIn: bits, using: &random) else { return }
                batch.items[group * batch.samplesPerGroup + place] = item
            }
        case .gaps(let gaps):
            drawItems(range, of: batch, from: streams, first: first) { user in
                gaps.prefetch(user: user)
                return candidateCount(user: user)
            } then: { _, _ in
            }
            gaps.resolve(range, of: batch)
        }
    }

    /// As ``draw(user:using:)``, but seldom by the rank, which takes longer than to look at one item.
    private func draw(user: Int, unseenIn bits: SeenBits, using random: inout SplitMix64) -> Int32? {
        let item = random.below(itemCount)
        return bits.contains(item: item, user: user) ? draw(user: user, using: &random) : Int32(item)
    }

    @inline(__always)
    private func drawItems(
        _ range: Range<Int>, of batch: MiniBatch, from streams: SplitMix64.Streams, first: Int,
        below bound: (_ user: Int) -> Int, then prepare: (_ user: Int, _ item: Int) -> Void
    ) {
        let (users, items, per) = unsafe (batch.users.base, batch.items.base, batch.samplesPerGroup)
        for group in range {
            let user = unsafe Int(users[group])
            let bound = bound(user)
            var random = streams[first + group]
            for sample in group * per + 1..<(group + 1) * per {
                let item = random.below(bound)
                prepare(user, item)
                unsafe items[sample] = Int32(truncatingIfNeeded: item)
            }
        }
    }
}
