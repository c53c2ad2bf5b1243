extension InteractionDataset {
    /// Of two rating levels the lower is a dislike where it is at most this share of the upper: 0 and 1, or 1 and 5, but not
    /// the 4 and 5 that are left of a scale whose lower ratings somebody took out, nor the 1 and 2 of a count.
    private static let dislikeShare: Float = 0.25

    /// The ratings up to which an interaction is a dislike rather than a sign of interest; nil where none is.
    ///
    /// What has no rating says nothing about it. Ratings below 0 always are, where there are others. On a scale of several levels even a low rating is a choice to
    /// interact, and who interacts with what ranks better with all of them in.
    public var dislikesUpTo: Float? {
        guard let range = ratingRange, range.lowerBound < range.upperBound, range.upperBound > 0 else { return nil }
        let hasTwoLevels = ratings.allSatisfy { $0.isNaN || $0 == range.lowerBound || $0 == range.upperBound }
        if hasTwoLevels, range.lowerBound <= Self.dislikeShare * range.upperBound { return range.lowerBound }
        guard range.lowerBound < 0 else { return nil }
        return ratings.reduce(-.infinity) { $1 < 0 ? max($0, $1) : $0 }
    }

    /// What to train on for `objective`: for one that asks who takes what, ratings that are dislikes are discounted; for
    /// ratings, which say so themselves, a dislike is an interaction like any other.
    public func prepared(for objective: Objective) -> InteractionDataset {
        if objective.resolved(for: self) != .rating { return discountingDislikes() }
        return hasDislikes ? weighted(by: weights.map { abs($0) }) : self
    }

    /// What was split off for `objective` to be chosen, once it is: where ratings gave way to who took what, what is disliked is neither a
    /// positive nor to be found.
    public func turned(
        _ split: (train: InteractionDataset, holdout: Holdout), to objective: Objective
    ) -> (train: InteractionDataset, holdout: Holdout) {
        guard objective != .rating else { return split }
        return (split.train.prepared(for: objective), split.holdout.withoutDislikes(upTo: dislikesUpTo))
    }

    /// The same interactions, those whose ratings are dislikes with weight 0: seen, so that they are neither recommended nor drawn
    /// as negatives more often than others, but no positives. What is a dislike by its kind stays one.
    public func discountingDislikes() -> InteractionDataset {
        dislikesUpTo.map(discounting) ?? self
    }

    /// The same for who knows that what was rated `most` or less is a dislike.
    func discounting(upTo most: Float) -> InteractionDataset {
        weighted(by: zip(ratings, weights).map { $0 <= most ? min($1, 0) : $1 })
    }

    /// The same without what is a dislike by its kind: what its users took, for whoever asks nothing else.
    func withoutDislikes() -> InteractionDataset {
        hasDislikes ? removing(weights.map { $0 < 0 }) : self
    }

    /// The same without dislikes and without what counts for nothing: what says of items that they go together.
    func positivesAlone() -> InteractionDataset {
        weights.allSatisfy { $0 > 0 } ? self : removing(weights.map { $0 <= 0 })
    }

    /// The same interactions, counting otherwise.
    func weighted(by weights: [Float]) -> InteractionDataset {
        InteractionDataset(
            userIDs: userIDs, itemIDs: itemIDs, userOffsets: userOffsets, items: items, ratings: ratings,
            weights: weights, timestamps: timestamps, cleaning: cleaning)
    }
}
