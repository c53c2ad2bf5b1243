/// A scorer whose measuring can be ended: once it is asked to, every score is 0 and costs nothing, so that whoever goes
/// through the users soon comes to the last one. What was measured then is worth nothing.
public struct EndableScorer: Scorer {
    private let scorer: any Scorer
    private let isEnded: @Sendable () -> Bool

    /// `scorer`, until `isEnded`, which must be cheap and may be asked on any thread.
    public init(_ scorer: any Scorer, isEnded: @escaping @Sendable () -> Bool) {
        self.scorer = scorer
        self.isEnded = isEnded
    }

    /// How many items the catalogue has.
    public var itemCount: Int { scorer.itemCount }

    /// Scores the whole catalogue for `user`.
    public func score(user: Int, into scores: inout MutableSpan<Float>) {
        guard isEnded() else { return scorer.score(user: user, into: &scores) }
        for item in 0..<scores.count { scores[item] = 0 }
    }

    /// Scores the whole catalogue for each of `users`.
    public func score(users: ArraySlice<Int>, into scores: inout MutableSpan<Float>) {
        guard isEnded() else { return scorer.score(users: users, into: &scores) }
        for place in 0..<scores.count { scores[place] = 0 }
    }

    /// The scores of a few items, in their order.
    public func score(user: Int, items: [Int32]) -> [Float] {
        isEnded() ? items.map { _ in 0 } : scorer.score(user: user, items: items)
    }

    /// The ratings that are predicted for a few items, in their order.
    public func ratings(user: Int, items: [Int32]) -> [Float] {
        isEnded() ? items.map { _ in 0 } : scorer.ratings(user: user, items: items)
    }
}
