/// How interactions are set aside to measure a model on.
public enum HoldoutStrategy: String, Sendable, CaseIterable {
    /// Each user's latest interaction, of users with at least two (He et al. 2017).
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

    /// Takes one entry per user of the dataset, in the order of its indices.
    public init(items: [[Int32]], ratings: [[Float]], negatives: [[Int32]]? = nil) {
        precondition(items.count == ratings.count && negatives.map { $0.count == items.count } ?? true)
        for user in items.indices { precondition(items[user].count == ratings[user].count) }
        self.items = items
        self.ratings = ratings
        self.negatives = negatives
    }

    /// How many users have something held out.
    public var userCount: Int { items.count { !$0.isEmpty } }

    /// How many interactions are held out.
    public var interactionCount: Int { items.reduce(0) { $0 + $1.count } }

    /// Whether nothing is held out.
    public var isEmpty: Bool { items.allSatisfy(\.isEmpty) }
}
