/// Who interacted with what, as dense indices: the table a model is trained on and evaluated against.
///
/// Stored by user (compressed sparse rows): the interactions of user `u` are at `userOffsets[u] ..< userOffsets[u + 1]`
/// of ``items``, ``ratings``, ``weights`` and ``timestamps``, sorted by time and, among equal times, by arrival; one
/// without a time comes right after what had come before it. A user–item pair appears at most once. Users or items without any interaction may exist (after a split, say).
public struct InteractionDataset: Sendable {
    /// External user IDs by dense index.
    public let userIDs: IDMap
    /// External item IDs by dense index.
    public let itemIDs: IDMap
    /// Where each user's interactions begin; one more entry than there are users.
    public let userOffsets: [Int]
    /// The item index of each interaction.
    public let items: [Int32]
    /// The rating of each interaction, NaN where it has none.
    public let ratings: [Float]
    /// What each interaction counts, 1 unless the caller said otherwise: above 0 for a positive, below 0 for a dislike, which is a
    /// true negative of that size; 0 is seen and nothing else.
    public let weights: [Float]
    /// When each interaction happened, in milliseconds since 1970; 0 is unknown.
    public let timestamps: [Int64]
    /// What was repaired or left out while the dataset was built.
    public let cleaning: DatasetCleaning
    /// Whether there are interactions and every one has a rating.
    public let hasRatings: Bool
    /// What the ratings are like; nil where there is none.
    public let ratingScale: RatingScale?
    /// Whether any interaction is a dislike.
    public let hasDislikes: Bool

    /// Takes rows that are already grouped by user, sorted, and free of repeated pairs.
    init(
        userIDs: IDMap,
        itemIDs: IDMap,
        userOffsets: [Int],
        items: [Int32],
        ratings: [Float],
        weights: [Float],
        timestamps: [Int64],
        cleaning: DatasetCleaning
    ) {
        precondition(userOffsets.count == userIDs.count + 1 && userOffsets.last == items.count)
        precondition(ratings.count == items.count && weights.count == items.count && timestamps.count == items.count)
        self.userIDs = userIDs
        self.itemIDs = itemIDs
        self.userOffsets = userOffsets
        self.items = items
        self.ratings = ratings
        self.weights = weights
        self.timestamps = timestamps
        self.cleaning = cleaning
        ratingScale = RatingScale(ratings)
        hasDislikes = weights.contains { $0 < 0 }
        hasRatings = ratingScale != nil && !ratings.contains { $0.isNaN }
    }

    /// The least and the greatest rating; nil where there is none.
    public var ratingRange: ClosedRange<Float>? { ratingScale?.range }

    /// How many users there are.
    public var userCount: Int { userIDs.count }

    /// How many items there are.
    public var itemCount: Int { itemIDs.count }

    /// How many user–item pairs there are.
    public var interactionCount: Int { items.count }

    /// Where the interactions of `user` lie in the stored arrays.
    public func interactions(of user: Int) -> Range<Int> { userOffsets[user]..<userOffsets[user + 1] }

    /// The items `user` interacted with, oldest first.
    public func items(of user: Int) -> ArraySlice<Int32> { items[interactions(of: user)] }
}
