/// An immutable model as it serves: weights, IDs, what each user has seen, popularity and lineage, under one version.
///
/// In memory of its own after training, or standing on a mapped file; both serve through the same code. Any number of
/// threads may ask at once, without locks: everything is read-only and scratch memory belongs to the call. Whichever
/// thread lets go of it last, its memory is freed or unmapped on a background queue (``RetiredMemory``).
public final class ModelSnapshot: Scorer {
    /// Which model this is, counted from 1; "v17" in answers.
    public let version: Int
    /// The users it was trained on.
    public let users: IDMap
    /// The items it was trained on.
    public let items: IDMap
    /// Where it comes from.
    public let lineage: Lineage
    /// What the ratings of the training data are like; nil where there is none.
    public let ratingScale: RatingScale?

    let model: ScoringModel
    let seen: SeenItems
    /// How many interactions each item has.
    let popularity: FrozenArray<Float>
    /// All items, most popular first.
    let popularityOrder: FrozenArray<Int32>
    let prior: ModelPrior
    /// What a history is set against in folding in.
    let negatives: NegativePool
    let hidden = HiddenUsers()
    /// What an interaction with each item counts by its propensity, in folding in as in training; empty where all count alike.
    let propensityFactors: [Float]
    /// What the model knows of features; nil where it was trained without any, or came from elsewhere.
    public let features: ModelFeatures?

    /// Freezes a trained model together with the data that it is served with.
    ///
    /// - Parameters:
    ///   - dataset: What counts as seen and popular; must have the same users and items as `parameters`.
    ///   - lineage: Where it comes from; its newest time, and what were dislikes, are those of `dataset` unless it says what they are.
    ///   - ratingScale: The scale of the ratings, where it is not that of `dataset`.
    ///   - histories: What vectors were made from, where that is not `dataset`; of the same users and items.
    public init(
        version: Int, dataset: InteractionDataset, parameters: ModelParameters, lineage: Lineage,
        ratingScale: RatingScale? = nil, histories: InteractionDataset? = nil
    ) {
        precondition(parameters.userCount == dataset.userCount && parameters.itemCount == dataset.itemCount)
        self.version = version
        users = dataset.userIDs
        items = dataset.itemIDs
        var lineage = lineage
        lineage.hyperparameters.objective = lineage.hyperparameters.objective.resolved(for: dataset)
        if lineage.newestTimestamp == nil {
            let newest = RobustBounds.newest(of: dataset.timestamps)
            lineage.newestTimestamp = newest == 0 ? nil : newest
        }
        if lineage.dislikesUpTo == nil, lineage.hyperparameters.objective != .rating {
            lineage.dislikesUpTo = dataset.discountedUpTo
        }
        self.lineage = lineage
        self.ratingScale = ratingScale ?? dataset.ratingScale
        seen = SeenItems(dataset: histories ?? dataset, hasWeights: parameters.history?.evidence.isOn ?? false)
        model = ScoringModel(parameters, seen: seen)
        let counts = PopularityScorer(dataset: dataset).scores(user: 0)
        popularity = FrozenArray(counts)
        propensityFactors = Self.factors(lineage, counts: counts)
        let order = counts.indices.sorted { (counts[$0], $1) > (counts[$1], $0) }
        popularityOrder = FrozenArray(order.map(Int32.init))
        prior = ModelPrior(model, history: parameters.history)
        negatives = NegativePool(
            model, meanUser: prior.user, popularity: popularity, order: popularityOrder, lineage: lineage)
        features = nil
    }

    /// Stands on parts read from a file, which the reader has checked against each other.
    init(
        version: Int, users: IDMap, items: IDMap, lineage: Lineage, ratingScale: RatingScale?,
        model: ScoringModel, seen: SeenItems, popularity: FrozenArray<Float>, popularityOrder: FrozenArray<Int32>,
        prior: ModelPrior, negatives: NegativePool? = nil, features: ModelFeatures? = nil
    ) {
        self.version = version
        self.users = users
        self.items = items
        self.lineage = lineage
        self.ratingScale = ratingScale
        self.model = model
        self.seen = seen
        self.popularity = popularity
        propensityFactors = Self.factors(lineage, counts: Array(popularity))
        self.popularityOrder = popularityOrder
        self.prior = prior
        self.features = features
        self.negatives =
            negatives
            ?? NegativePool(
                model, meanUser: prior.user, popularity: popularity, order: popularityOrder, lineage: lineage)
    }

    private static func factors(_ lineage: Lineage, counts: [Float]) -> [Float] {
        let propensity = lineage.hyperparameters.propensity
        return propensity.isOn ? propensity.factors(counts: counts) : []
    }

    /// What it was trained to predict; never `auto`.
    public var objective: Objective { lineage.hyperparameters.objective }

    /// The least and the greatest rating of the training data; nil where there is none.
    public var ratingRange: ClosedRange<Float>? { ratingScale?.range }

    /// What folding in measures errors of ratings in: what the model itself is off by on what was held out, or where nobody knows
    /// that the ratings' deviation.
    var ratingUnit: Float {
        guard let scale = ratingScale else { return 1 }
        guard let error = lineage.metrics["rmse"].map(Float.init), error.isFinite else { return scale.deviation }
        return min(max(error, Self.leastError * scale.deviation), scale.deviation)
    }

    // Of ratings that are predicted to the last digit one says all.
    private static let leastError: Float = 0.1

    /// How a rating comes from a logit; nil where it is one, or the model predicts none.
    var bounded: BoundedRating? { lineage.hyperparameters.boundedRating(on: ratingRange) }

    /// How many users the model knows.
    public var userCount: Int { model.userCount }

    /// How many items the catalogue has.
    public var itemCount: Int { model.itemCount }

    /// How many interactions `item` had in the training data.
    public func interactionCount(ofItem item: Int) -> Int { Int(popularity[item]) }

    /// The items `user` had interacted with when the model was trained, oldest first.
    public func seenItems(of user: Int) -> [Int32] { seen.items(of: user) }

    /// Whether anything that somebody has seen is not among the liked: was disliked, or counted for nothing.
    public var hasUnlikedItems: Bool { seen.opinions != nil }

    /// Of ``seenItems(of:)`` those that counted for something and were not disliked, oldest first: what `user`'s taste is known by.
    public func likedItems(of user: Int) -> [Int32] { seen.items(of: user, .liked) }

    /// Whether nothing was learned of `user` itself: every element of its vector is 0.
    public func hasNoVector(of user: Int) -> Bool { model.ownVector(of: user).elements().allSatisfy { $0 == 0 } }

    /// What the interactions of ``likedItems(of:)`` count, in their order; nil where that does not matter to a history.
    public func likedWeights(of user: Int) -> [Float]? {
        guard seen.weights != nil else { return nil }
        return seen.list(of: user).compactMap { $0.opinion == .liked ? $0.weight ?? 1 : nil }
    }

    /// What an interaction counts of which nobody says what it counts: 1, or where items of histories count by their interactions as much
    /// as these do on average.
    public var ordinaryWeight: Float {
        guard let evidence = model.history?.evidence, evidence.isOn else { return 1 }
        return evidence.meanWeight
    }

    /// The liked items with what each counts in the user's history, oldest first.
    func history(of user: Int) -> [HistoryItem] {
        UserHistories(seen: seen, evidence: model.history?.evidence ?? .none).items(of: user)
    }

    /// Of ``seenItems(of:)`` those that `user` had disliked, oldest first.
    public func dislikedItems(of user: Int) -> [Int32] { seen.items(of: user, .disliked) }

    /// Writes every item's logit for `user`.
    public func score(user: Int, into scores: inout MutableSpan<Float>) {
        model.score(user: user, into: &scores)
    }

    /// Writes every item's logit for each of `users`, one user's after another's; one pass over the catalogue.
    public func score(users: ArraySlice<Int>, into scores: inout MutableSpan<Float>) {
        model.score(users: users, into: &scores)
    }

    /// The logits of a few items for `user`.
    public func score(user: Int, items: [Int32]) -> [Float] {
        model.score(user: user, items: items)
    }

    /// The ratings that a model of them predicts for a few items; of other models their logits.
    public func ratings(user: Int, items: [Int32]) -> [Float] {
        let logits = score(user: user, items: items)
        return bounded.map { bounded in logits.map(bounded.rating) } ?? logits
    }
}
