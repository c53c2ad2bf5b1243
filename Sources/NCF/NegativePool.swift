internal import Glibc

/// Items that stand for all that a user did not interact with, when one is folded in.
///
/// Drawn once per model, the likelier the greater the mean user's loss on an item is, and weighted so that a weighted sum
/// over them is, on average over seeds, the mean over the catalogue: 300 then do what thousands drawn evenly would. The draws
/// are systematic along the order of popularity, so that popular items and others have their share in every pool.
struct NegativePool: Sendable {
    /// Indices, each once.
    let items: [Int32]
    /// What each counts; they add up to about 1.
    let weights: [Float]

    /// How many draws there are; an item drawn twice counts twice.
    static let draws = 300
    // What every item gets of the mean share: bounds the weights.
    private static let leastShare = 0.1

    /// One pass over the catalogue.
    init(_ model: ScoringModel, meanUser: UserVector, popularityOrder: FrozenArray<Int32>, seed: UInt64) {
        // σ(logit) is the size of a negative's gradient.
        var shares = model.score(meanUser, model.catalogue).map { logit in
            logit.isFinite ? 1 / (1 + exp(-Double(logit))) : 0
        }
        let least = Self.leastShare * shares.reduce(0, +) / Double(max(1, shares.count))
        for item in shares.indices { shares[item] += max(least, .leastNormalMagnitude) }
        let step = shares.reduce(0, +) / Double(Self.draws)
        var random = SplitMix64(seed: seed)
        var (next, sum) = (random.nextUnit() * step, 0.0)
        var (items, weights): ([Int32], [Float]) = ([], [])
        for item in popularityOrder {
            let share = shares[Int(item)]
            sum += share
            guard next < sum else { continue }
            let drawn = ((sum - next) / step).rounded(.up)
            next += drawn * step
            items.append(item)
            weights.append(Float(drawn * step / (share * Double(shares.count))))
        }
        self.items = items
        self.weights = weights
    }
}
