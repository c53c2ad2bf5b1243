/// What building an ``InteractionDataset`` found wrong with its rows, and did about it.
public struct DatasetCleaning: Sendable, Equatable {
    /// Rows offered to the builder.
    public var rows = 0
    /// Rows that repeated an earlier one in every respect; one of each is kept.
    public var exactDuplicates = 0
    /// Rows merged into another of the same user–item pair with another rating, weight, time or kind; the latest is kept, or of
    /// several kinds the strongest that says the same as the latest.
    public var repeatedPairs = 0
    /// Among ``repeatedPairs``, those whose rating differs from the one kept.
    public var conflictingRatings = 0
    /// Among ``repeatedPairs``, those that say the contrary of the one kept: liked and later disliked, or the other way round.
    public var conflictingSigns = 0
    /// Rows left out because their rating was infinite or not a number.
    public var nonFiniteRatings = 0
    /// Rows left out because their rating lies far outside of the scale of nearly all others.
    public var offScaleRatings = 0
    /// Rows left out because their weight was negative, infinite or not a number.
    public var invalidWeights = 0
    /// Rows left out because interactions of their kind are refused now; they are still in the record.
    public var refusedKinds = 0

    /// A report of nothing found.
    public init() {}
}
