extension ModelSnapshot {
    /// What an interaction since the training counts that was rated `rating`, NaN for not at all, and counts `evidence` but for that:
    /// where training took such a rating for a dislike, it is one.
    ///
    /// A dislike here rather than only seen, as in training: what was liked before must leave the history. To a model of ratings
    /// a dislike that has a rating is an interaction like any other.
    public func evidence(_ evidence: Float, rating: Float) -> Float {
        if objective == .rating, rating.isFinite { return abs(evidence) }
        guard let most = lineage.dislikesUpTo, rating <= most else { return evidence }
        return -abs(evidence)
    }

    /// How many of `times`, ascending, lie before the training data's end: what happened then and arrived later. 0 where one of
    /// either is not known.
    ///
    /// Of its users' own last times the model knows nothing: of somebody who has long been away, more is taken for late than is.
    public func lateCount(_ times: [Int64]) -> Int {
        guard let newest = lineage.newestTimestamp else { return 0 }
        return times.prefix { $0 != 0 && $0 < newest }.count
    }
}

extension InteractionDataset {
    /// ``dislikesUpTo``, where these interactions count for nothing; nil where somebody trains on them as they are.
    var discountedUpTo: Float? {
        guard let most = dislikesUpTo else { return nil }
        return zip(ratings, weights).allSatisfy { !($0 <= most) || $1 <= 0 } ? most : nil
    }
}
