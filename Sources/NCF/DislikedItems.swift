/// Items that users said no to, as negatives of their groups.
///
/// Sampling may draw a dislike as it may draw whatever the user has not seen. Besides, dislikes take the last places of a group's
/// negatives, each once an epoch on average, whatever the objective, and count what they count. Of a user with more than k
/// dislikes a positive each comes less often, for a group has k places. A user without positives has no groups.
/// O(1) a draw; 8 bytes a dislike and 12 a user.
struct DislikedItems: Sendable {
    private let offsets: [Int]
    private let items: [Int32]
    private let weights: [Float]
    /// By user: how many places of a group are for dislikes at most.
    private let places: [Int32]
    private let positiveCounts: [Int32]

    /// Nil where `dataset` has none.
    init?(dataset: InteractionDataset, negativesPerPositive: Int) {
        guard dataset.hasDislikes else { return nil }
        var (offsets, items, weights, places, counts) = ([0], [Int32](), [Float](), [Int32](), [Int32]())
        for user in 0..<dataset.userCount {
            var positives = 0
            for position in dataset.interactions(of: user) {
                let weight = dataset.weights[position]
                if weight > 0 { positives += 1 }
                guard weight < 0 else { continue }
                items.append(dataset.items[position])
                weights.append(-weight)
            }
            let own = items.count - (offsets.last ?? 0)
            let needed = positives == 0 ? 0 : (own + positives - 1) / positives
            offsets.append(items.count)
            places.append(Int32(min(needed, negativesPerPositive)))
            counts.append(Int32(positives))
        }
        (self.offsets, self.items, self.weights) = (offsets, items, weights)
        (self.places, positiveCounts) = (places, counts)
    }

    /// Puts dislikes of `user` in the last places of a group's negatives, which are `samples` of `batch`.
    func place(of user: Int, in samples: Range<Int>, of batch: MiniBatch, using random: inout SplitMix64) {
        let own = offsets[user]..<offsets[user + 1]
        let count = Int(places[user])
        guard count > 0 else { return }
        let likelihood = Double(own.count) / Double(Int(positiveCounts[user]) * count)
        for sample in samples.suffix(count) where random.nextUnit() < likelihood {
            let drawn = own.lowerBound + random.below(own.count)
            batch.items[sample] = items[drawn]
            batch.targets[sample] = 0
            batch.weights[sample] = weights[drawn]
        }
    }
}
