extension InteractionDataset {
    /// Of two rating levels the lower is a dislike where it is at most this share of the upper: 0 and 1, or 1 and 5, but not
    /// the 4 and 5 that are left of a scale whose lower ratings somebody took out, nor the 1 and 2 of a count.
    private static let dislikeShare: Float = 0.25

    /// The ratings up to which an interaction is a dislike rather than a sign of interest; nil where none is.
    ///
    /// Ratings below 0 always are, where there are others. On a scale of several levels even a low rating is a choice to
    /// interact, and who interacts with what ranks better with all of them in.
    public var dislikesUpTo: Float? {
        guard hasRatings, let range = ratingRange, range.lowerBound < range.upperBound, range.upperBound > 0 else {
            return nil
        }
        let hasTwoLevels = ratings.allSatisfy { $0 == range.lowerBound || $0 == range.upperBound }
        if hasTwoLevels, range.lowerBound <= Self.dislikeShare * range.upperBound { return range.lowerBound }
        guard range.lowerBound < 0 else { return nil }
        return ratings.reduce(-.infinity) { $1 < 0 ? max($0, $1) : $0 }
    }

    /// What to train on for `objective`: for one that asks who takes what, dislikes are discounted; ratings say so themselves.
    public func prepared(for objective: Objective) -> InteractionDataset {
        objective.resolved(for: self) == .rating ? self : discountingDislikes()
    }

    /// The same interactions, those that are dislikes with weight 0: seen, so that they are neither recommended nor drawn as
    /// negatives more often than others, but no positives.
    public func discountingDislikes() -> InteractionDataset {
        guard let most = dislikesUpTo else { return self }
        return InteractionDataset(
            userIDs: userIDs, itemIDs: itemIDs, userOffsets: userOffsets, items: items, ratings: ratings,
            weights: zip(ratings, weights).map { $0 <= most ? 0 : $1 }, timestamps: timestamps, cleaning: cleaning)
    }
}
