/// How interactions are set aside to measure a model on.
public enum HoldoutStrategy: String, Sendable, CaseIterable {
    /// Each user's latest interaction, of users with at least two (He et al. 2017); where these are more than a fifth of all interactions,
    /// of so many users that it is a tenth.
    case leaveOneOut = "leave_one_out"
    /// The latest tenth of all interactions, of users who also have earlier ones.
    case temporal
    /// A tenth of all interactions at random, never a user's only one left.
    case random
    /// Nothing.
    case none
}

/// Interactions set aside to measure a model on, by dense user index.
public struct Holdout: Sendable {
    /// The held-out items of each user; empty for users who are not measured.
    public let items: [[Int32]]
    /// The ratings that belong to ``items``, in the same order; NaN where there is none.
    public let ratings: [[Float]]
    /// For each user the items to rank the held-out one against, where the protocol prescribes them.
    public let negatives: [[Int32]]?
    /// How much it is worth to find each of ``items``, in the same order; nil where all are worth the same.
    let relevances: [[Float]]?
    /// For each user how much all of them are worth to be found; nil where all users count alike.
    let importances: [Float]?

    /// Takes one entry per user of the dataset, in the order of its indices.
    public init(items: [[Int32]], ratings: [[Float]], negatives: [[Int32]]? = nil) {
        self.init(items: items, ratings: ratings, negatives: negatives, relevances: nil, importances: nil)
    }

    /// The same with the worth of what is held out.
    init(
        items: [[Int32]], ratings: [[Float]], negatives: [[Int32]]? = nil, relevances: [[Float]]?,
        importances: [Float]? = nil
    ) {
        precondition(items.count == ratings.count && negatives.map { $0.count == items.count } ?? true)
        precondition(relevances.map { $0.count == items.count } ?? true)
        precondition(importances.map { $0.count == items.count } ?? true)
        for user in items.indices {
            precondition(items[user].count == ratings[user].count)
            precondition(relevances.map { $0[user].count == items[user].count } ?? true)
        }
        self.items = items
        self.ratings = ratings
        self.negatives = negatives
        self.relevances = relevances
        self.importances = importances
    }

    /// The same of at most `limit` users, drawn at random; which ones follows from the seed.
    public func sample(users limit: Int, seed: UInt64) -> Holdout {
        let measured = items.indices.filter { !items[$0].isEmpty }
        guard measured.count > limit else { return self }
        var random = SplitMix64(seed: seed, 12)
        let kept = Set(measured.sample(limit, using: &random))
        func keep<List>(_ lists: [[List]]) -> [[List]] {
            lists.indices.map { kept.contains($0) ? lists[$0] : [] }
        }
        return Holdout(
            items: keep(items), ratings: keep(ratings), negatives: negatives, relevances: relevances.map(keep),
            importances: importances)
    }

    /// The same without what was rated `most` or less; itself where that is nil.
    public func withoutDislikes(upTo most: Float?) -> Holdout {
        guard let most else { return self }
        let kept = ratings.map { own in own.indices.filter { !(own[$0] <= most) } }
        func keep<Value>(_ lists: [[Value]]) -> [[Value]] {
            zip(lists, kept).map { list, kept in kept.map { list[$0] } }
        }
        return Holdout(
            items: keep(items), ratings: keep(ratings), negatives: negatives, relevances: relevances.map(keep),
            importances: importances)
    }

    /// How many users have something held out.
    public var userCount: Int { items.count { !$0.isEmpty } }

    /// How many interactions are held out.
    public var interactionCount: Int { items.reduce(0) { $0 + $1.count } }

    /// Whether nothing is held out.
    public var isEmpty: Bool { items.allSatisfy(\.isEmpty) }
}

extension Array {
    /// `count` of the elements, each as likely as any other, in their order; all where there are no more.
    func sample(_ count: Int, using random: inout SplitMix64) -> [Element] {
        guard count < self.count else { return self }
        // Fisher and Yates, as far as it is wanted.
        var places = Swift.Array(indices)
        for place in 0..<Swift.max(0, count) { places.swapAt(place, place + random.below(places.count - place)) }
        return places.prefix(count).sorted().map { self[$0] }
    }
}
