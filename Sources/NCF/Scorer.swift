/// Something that says how much a user may like each item: a model, or the yardstick beside it.
///
/// Scores are only comparable for one user; greater is better. Any thread may call, several at once.
public protocol Scorer: Sendable {
    /// How many items the catalogue has.
    var itemCount: Int { get }

    /// Scores the whole catalogue for `user`: `scores[i]` becomes item `i`'s; it must hold ``itemCount`` elements.
    func score(user: Int, into scores: inout MutableSpan<Float>)

    /// Scores the whole catalogue for each of `users`, as ``score(user:into:)`` does, to the bit: those of the user in place j are
    /// written from `scores[j · itemCount]` on, which must hold at least as many as all of them have.
    func score(users: ArraySlice<Int>, into scores: inout MutableSpan<Float>)

    /// The scores of a few items, in their order.
    func score(user: Int, items: [Int32]) -> [Float]

    /// The ratings that are predicted for a few items, in their order, not yet clipped to a scale; where a scorer says nothing
    /// else, its scores.
    func ratings(user: Int, items: [Int32]) -> [Float]
}

extension Scorer {
    /// The scores of a few items.
    public func ratings(user: Int, items: [Int32]) -> [Float] { score(user: user, items: items) }

    /// One user after another.
    public func score(users: ArraySlice<Int>, into scores: inout MutableSpan<Float>) {
        for (place, user) in users.enumerated() {
            let own = self.scores(user: user)
            for item in own.indices { scores[place * itemCount + item] = own[item] }
        }
    }

    /// Scores the whole catalogue for `user`, into an array of its own.
    public func scores(user: Int) -> [Float] {
        var scores = [Float](repeating: 0, count: itemCount)
        var span = scores.mutableSpan
        score(user: user, into: &span)
        return scores
    }
}

/// Scores every item by how many interactions it has that count for it, for every user alike: what a personal model must beat.
public struct PopularityScorer: Scorer {
    private let counts: [Float]

    /// Counts the interactions of `dataset`; pass the training part only.
    public init(dataset: InteractionDataset) {
        var counts = [Float](repeating: 0, count: dataset.itemCount)
        for (item, weight) in zip(dataset.items, dataset.weights) where weight > 0 { counts[Int(item)] += 1 }
        self.counts = counts
    }

    /// How many items the catalogue has.
    public var itemCount: Int { counts.count }

    /// Writes each item's number of interactions.
    public func score(user: Int, into scores: inout MutableSpan<Float>) {
        for item in counts.indices { scores[item] = counts[item] }
    }

    /// The number of interactions of each of `items`.
    public func score(user: Int, items: [Int32]) -> [Float] {
        items.map { counts[Int($0)] }
    }
}
