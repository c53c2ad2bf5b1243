internal import Glibc

/// How much more the interactions with rare items count in training, against the bias towards what everybody is shown.
///
/// Who interacts with an item must have come across it, and people come across popular items more often: what is recorded is exposure
/// times relevance. An interaction that counts one over its item's chance to be met stands for those that were missed
/// (Horvitz and Thompson 1952; Schnabel et al. 2016 for ratings, Saito et al. 2020 for implicit feedback). The chance is estimated as
/// (n_i / n_max)^η, n_i being the item's interactions (Yang et al. 2018; Saito et al. take η = 0.5). One factor of all weights
/// changes nothing but the balance with what is unobserved, so they are scaled to leave the sum of the weights as it was;
/// and few great weights make an estimate noisy, so none is more than ``clip`` times the mean.
public struct InversePropensity: Sendable, Equatable {
    /// η: 0 has all items count alike, 1 has every item count the same in sum.
    public var exponent: Double
    /// The most that an interaction counts, in mean ones.
    public var clip: Double

    /// All interactions count as they are.
    public static let none = InversePropensity(exponent: 0)

    /// An exponent, and the greatest weight.
    public init(exponent: Double, clip: Double = 10) {
        self.exponent = exponent
        self.clip = clip
    }

    /// Whether it changes anything.
    public var isOn: Bool { exponent > 0 }

    /// What an interaction with each item counts, in the mean over interactions 1; `counts` are the items' interactions.
    func factors(counts: [Float]) -> [Float] {
        guard isOn, let most = counts.max(), most > 0 else { return Array(repeating: 1, count: counts.count) }
        let total = counts.reduce(0.0) { $0 + Double($1) }
        var factors = counts.map { $0 > 0 ? pow(Double($0) / Double(most), -exponent) : 0 }
        func scale(to bound: Double) {
            let sum = zip(factors, counts).reduce(0.0) { $0 + $1.0 * Double($1.1) }
            guard sum > 0 else { return }
            factors = factors.map { min($0 * total / sum, bound) }
        }
        scale(to: clip)
        // What was cut off is given to all.
        scale(to: .infinity)
        // Of an item that nobody had, as much as of one that one had.
        let rarest = factors.max() ?? 1
        return zip(factors, counts).map { Float($1 > 0 ? $0 : rarest) }
    }
}

extension InteractionDataset {
    /// The same interactions, each positive counting by its item's propensity; dislikes as they are. By a propensity that is off,
    /// this dataset.
    func weighted(by propensity: InversePropensity) -> InteractionDataset {
        guard propensity.isOn else { return self }
        let factors = propensity.factors(counts: positiveCounts)
        return weighted(by: zip(items, weights).map { $1 > 0 ? $1 * factors[Int($0)] : $1 })
    }

    /// How many positives each item has.
    var positiveCounts: [Float] {
        var counts = [Float](repeating: 0, count: itemCount)
        for (item, weight) in zip(items, weights) where weight > 0 { counts[Int(item)] += 1 }
        return counts
    }
}
