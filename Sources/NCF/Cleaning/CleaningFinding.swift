/// Something that can be wrong with a dataset, or odd about it.
///
/// The raw values are names for machines and stay as they are; docs/cleaning.md says where each rule comes from.
public enum CleaningFinding: String, Sendable, CaseIterable {
    /// Rows that repeat an earlier one in every respect.
    case exactDuplicates = "exact_duplicates"
    /// Rows of a user–item pair that has another row, with another rating, weight, time or kind.
    case repeatedPairs = "repeated_pairs"
    /// Among ``repeatedPairs``, those whose rating differs from the one that stands.
    case conflictingRatings = "conflicting_ratings"
    /// Among ``repeatedPairs``, those that say the contrary of the one that stands: liked and later disliked, or the other way round.
    case conflictingSigns = "conflicting_signs"
    /// Rows whose rating is infinite or not a number.
    case nonFiniteRatings = "non_finite_ratings"
    /// Rows whose rating lies far outside of the scale of nearly all others.
    case offScaleRatings = "off_scale_ratings"
    /// Rows whose weight is negative, infinite or not a number.
    case invalidWeights = "invalid_weights"
    /// Rows of a kind that is refused now.
    case refusedKinds = "refused_kinds"
    /// Rows that are more than a day ahead of the clock.
    case futureTimes = "future_times"
    /// Rows of before 1990, which counters are that were sent for times.
    case earlyTimes = "early_times"
    /// Rows without a time (or with 0) among others that have one.
    case missingTimes = "missing_times"
    /// Rows without a rating among others that have one.
    case missingRatings = "missing_ratings"
    /// Users with fewer interactions than there is much to learn from.
    case rareUsers = "rare_users"
    /// Items with fewer interactions than there is much to learn from.
    case rareItems = "rare_items"
    /// Users who do far more than others, or as regularly as clockwork (``BotRule``).
    case botLikeUsers = "bot_like_users"
    /// Users who give all that they rate one and the same rating.
    case constantRaters = "constant_raters"
    /// Items among the first hundredth by popularity, where these have more than a fifth of all interactions.
    case popularItems = "popular_items"

    /// What is counted.
    public var unit: String {
        switch self {
        case .rareUsers, .botLikeUsers, .constantRaters: "users"
        case .rareItems, .popularItems: "items"
        default: "rows"
        }
    }

    /// Whether many of it mean that something upstream is broken, rather than that people are as they are.
    var isFault: Bool {
        switch self {
        case .exactDuplicates, .conflictingSigns, .nonFiniteRatings, .offScaleRatings, .invalidWeights, .refusedKinds,
            .futureTimes, .earlyTimes, .botLikeUsers:
            true
        default: false
        }
    }

    /// What a person would call it.
    public var title: String { rawValue.replacing("_", with: " ") }

    /// What to do about it, or which setting decides.
    public var change: String {
        switch self {
        case .exactDuplicates: "send an interaction_id or an Idempotency-Key with what may be sent twice"
        case .repeatedPairs, .conflictingRatings: "DELETE /interactions/{id} takes one back"
        case .conflictingSigns: "interactions.kinds says which kinds are against an item"
        case .nonFiniteRatings, .invalidWeights: "correct them where they come from"
        case .offScaleRatings: "send ratings of one scale; DELETE /interactions/{id} takes one back"
        case .refusedKinds: "interactions.kinds describes a kind, interactions.unknown_kinds what the others are"
        case .futureTimes, .earlyTimes:
            "send Unix seconds, or RFC 3339; DELETE /interactions/{id} takes one back"
        case .missingTimes: "send timestamp"
        case .missingRatings: "send rating, or let the objective be implicit"
        case .rareUsers: "cleaning.minimum_user_interactions, or minimum_user_interactions of a job"
        case .rareItems: "cleaning.minimum_item_interactions, or minimum_item_interactions of a job"
        case .botLikeUsers: "cleaning.bots, or bots of a job; DELETE /users/{id} removes one for good"
        case .constantRaters: "let the objective be implicit, which asks who takes what"
        case .popularItems: "propensity of a job weighs rare items more"
        }
    }
}
