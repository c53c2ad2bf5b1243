import NCF

/// How scorers are measured.
public struct EvaluationSettings: Sendable, Equatable {
    /// Cutoffs, ascending; the ranking is looked at down to each.
    public var cutoffs = [5, 10, 20]
    /// Items set against each held-out one, in the sampled protocol.
    public var sampledNegatives = 99
    /// Draws of the bootstrap that intervals come from; 0 tells none.
    public var resamples = 1000
    /// Users whose held-out items are ranked, at most, drawn at random from those with any: ranking a user costs a pass over the catalogue.
    public var measuredUsers = 20_000
    /// Decides which users are measured, the sampled negatives and the draws.
    public var seed: UInt64 = 42
    /// Whether `mf` is trained beside a model that is more than that.
    public var trainsYardstick = true

    /// The most draws that may be asked for.
    public static let greatestResamples = 100_000
    /// The most users that may be asked for.
    public static let greatestMeasuredUsers = 1_000_000_000
    /// The share of draws within an interval.
    public static let confidence = 0.95

    /// The defaults.
    public init() {}

    /// The cutoff at which coverage, novelty, diversity and Gini are told: 10, or the greatest where 10 is not asked for.
    var listLength: Int { cutoffs.contains(10) ? 10 : cutoffs.last ?? 10 }

    var bootstrap: ConfidenceInterval.Bootstrap? {
        resamples > 0 ? .init(resamples: resamples, seed: seed, confidence: Self.confidence) : nil
    }
}
