/// What a model is trained to predict.
public enum Objective: String, Sendable, CaseIterable {
    /// Chosen from the data by ``resolved(for:)``.
    case auto
    /// Binary cross-entropy on who interacted with what, against negatives sampled afresh in every epoch.
    case implicit
    /// Bayesian personalised ranking (Rendle et al. 2009): that the positive scores above each of its negatives.
    case bpr
    /// Sampled softmax: that the positive is the one among itself and its negatives.
    case softmax
    /// Cosine contrastive (Mao et al. 2021, SimpleX): that the cosine of user and positive is great, and that of user and
    /// negatives below a margin. For `mf` from random embeddings, without histories; their length is 1 throughout, and biases stay 0,
    /// so that the model that is served has the cosine for its logit (times the calibration's slope).
    case cosineContrastive = "cosine_contrastive"
    /// Squared error on the ratings (``RatingOutput``); the global bias starts at, and stays, their mean or its logit.
    case rating

    /// The architecture where nobody names one: cosines are for `mf` alone.
    public var architecture: Architecture { self == .cosineContrastive ? .mf : .neumf }

    /// Whether only differences between items are learned, so that μ and the users' biases stay where they are.
    var comparesItems: Bool { self == .bpr || self == .softmax }

    /// The share of all user–item cells that must be filled before a missing rating stops being informative.
    private static let denseShare = 0.5

    /// This objective, with ``auto`` replaced by the one that suits `dataset`.
    ///
    /// What people choose to interact with ranks better than how they rated it (the ratings are missing not at random),
    /// so `auto` means ``implicit``, unless every interaction has a rating, the ratings differ, and the table is so full
    /// that absence says nothing.
    public func resolved(for dataset: InteractionDataset) -> Objective {
        guard self == .auto else { return self }
        // Who says by the kind of an interaction that it was a dislike asks for a ranking.
        guard dataset.hasRatings, !dataset.hasDislikes, let range = dataset.ratingRange,
            range.lowerBound < range.upperBound
        else {
            return .implicit
        }
        let cells = Double(dataset.userCount) * Double(dataset.itemCount)
        return Double(dataset.interactionCount) > Self.denseShare * cells ? .rating : .implicit
    }
}
