/// What a prediction rests on.
public enum PredictionBasis: String, Sendable, CaseIterable {
    /// The model knows both the user and the item.
    case model
    /// The user is unknown to the model and was folded in from a history.
    case foldIn = "fold_in"
    /// The item is unknown: the user's logit for the mean item.
    case userOnly = "user_only"
    /// The user is unknown: the mean user's logit for the item, which follows its popularity or mean rating.
    case itemOnly = "item_only"
    /// Both are unknown: the mean user and the mean item.
    case prior
    /// What is unknown of the two, and has features that the model knows, is what they let it expect.
    case features
}

/// What a model says of one user and one item.
public struct Prediction: Sendable, Equatable {
    /// The model's output as it is; for a rating model the rating before it is clamped, or what a bounded one is mapped from.
    public var logit: Float
    /// For a model of implicit feedback σ(logit): the probability of an interaction where the model was calibrated on a
    /// holdout (``ScoreCalibration`` says among what), else only its order means something. For a rating model where the rating lies on the data's scale,
    /// from 0 to 1.
    public var probability: Float
    /// The expected rating within the data's scale; nil for a model of implicit feedback.
    public var rating: Float?
    /// What it rests on.
    public var basis: PredictionBasis
}
