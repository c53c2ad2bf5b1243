import InteractionStorage
import NCF

/// What one user is recommended, and by what.
struct Recommendation: Sendable {
    /// Where a recommended item comes from.
    enum Source: String, Sendable {
        case model
        case foldIn = "fold_in"
        case features
        case popular
        case latest
    }

    /// One recommended item, best first in its list.
    struct Entry: Sendable {
        var itemID: String
        var score: Double
        /// The expected rating on the data's scale, where the model predicts ratings.
        var rating: Double?
        /// What the score counts, where the request boosts some items.
        var boost = 1.0
        var source: Source
        var record: Item?
        var explanation: Explanation?

        /// What it is ranked by.
        var rank: Double { score * boost }
    }

    /// Why an item has its score, in the terms of the interface.
    struct Explanation: Sendable {
        var parts: ScoreParts
        /// Items of the user's history and what the logit would lose without each, most first.
        var becauseOf: [(itemID: String, weight: Float)]
    }

    var userID: String?
    /// The version of the model that was asked; nil before the first one.
    var version: Int?
    var entries: [Entry] = []
    /// Whether there is more than was asked for.
    var goesOn = false
    /// Whether it is less than the model could say: its entries were chosen from a preselection, and may miss an item; or it was too late
    /// to ask.
    var isDegraded = false

    /// Whether any item came from outside the model.
    var isFallback: Bool { entries.contains { $0.source == .popular || $0.source == .latest } || version == nil }
}
