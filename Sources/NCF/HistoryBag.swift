/// How the items of a user's history enter the user's vectors; see ``Hyperparameters``.
///
/// Every item has, beside the embedding that it is recommended by, one that it is remembered by. A user's vector is the
/// user's own embedding plus the weighted sum of the latter over its history, so that what is known of how items go
/// together serves users of whom nothing else is known. A positive is learned without itself in the history.
public struct HistoryBag: Sendable, Equatable {
    /// Elements by which the GMF embeddings grow to hold what items say of each other; 0 leaves histories out. Without a
    /// GMF branch any other number only says that there are histories.
    public var dimension: Int
    /// λ of the item–item regression that they start from; implicit objective with a closed form only.
    public var regularization: Double
    /// The share of the first scores that is the item–item regression's; the rest is the factorisation's.
    public var share: Double
    /// Places from the end of a history in which an item comes to count half: what came last says most of what comes next. 0 has
    /// all items count alike, in whatever order.
    public var halfLife: Double
    /// How many items of a history count, the newest; 0 has all of them.
    public var length: Int
    /// What the later of two items says of the earlier, as a share of what the earlier says of the later: 0 to 1. Of a ``halfLife``
    /// and a regression of items alone.
    public var backward: Double
    /// The power of an interaction's weight that its item counts in a history: from 0, where all count alike, to 1.
    public var evidence: Double
    /// κ of ``FeatureCohesion``: how often what an item's features say of which items go together is taken for seen in the regression of
    /// items; 0 leaves features out of it.
    public var features: Double
    /// K: of how many nearest items each is told by directly (``NeighbourRegression``), beside what the embeddings say; 0 for none. Of
    /// `mf` in closed form alone.
    public var neighbours: Int
    /// The share of what items say of each other that these say; all of it where ``dimension`` is 0.
    public var neighbourShare: Double

    /// No history: a user is its ID.
    public static let none = HistoryBag(dimension: 0)

    /// Settings that suit data about as dense as MovieLens 1M.
    public init(
        dimension: Int = 192, regularization: Double = 500, share: Double = 0.8, halfLife: Double = 0,
        length: Int = 0,
        backward: Double = 0.4, evidence: Double = 0, features: Double = 0,
        neighbours: Int = 0, neighbourShare: Double = 0.4
    ) {
        self.dimension = dimension
        self.regularization = regularization
        self.share = share
        self.halfLife = halfLife
        self.length = length
        self.backward = backward
        self.evidence = evidence
        self.features = features
        self.neighbours = neighbours
        self.neighbourShare = neighbourShare
    }

    /// Whether there is anything in users' bags.
    var isOn: Bool { dimension > 0 || neighbours > 0 }

    /// Whether what neighbours say has any share.
    var asksNeighbours: Bool { neighbours > 0 && share > 0 && (dimension == 0 || neighbourShare > 0) }

    /// λ of the regression on neighbours: few of them need less of it than all items together.
    var neighbourPenalty: Double { regularization / Self.neighbourAdvantage }

    private static let neighbourAdvantage = 6.0

    /// How an item's weight falls with its place.
    var recency: HistoryRecency { HistoryRecency(halfLife: halfLife, length: length) }

    /// What the items of the histories in `dataset` count.
    func counting(in dataset: InteractionDataset) -> HistoryCounting {
        HistoryCounting(recency: recency, evidence: HistoryEvidence(exponent: evidence, of: dataset))
    }

    /// How the order counts in the regression; nil where histories are sets.
    var order: HistoryOrder? { halfLife > 0 ? HistoryOrder(halfLife: halfLife, backward: backward) : nil }
}
