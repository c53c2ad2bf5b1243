/// Something a user did with an item: the fact that models are trained on.
///
/// Identifiers are compared byte for byte, never by Unicode equivalence.
public struct Interaction: Sendable, Equatable {
    /// Who acted.
    public var userID: String
    /// What was acted upon; it need not be in the catalogue.
    public var itemID: String
    /// What was done ("view", "purchase", …); nil is an interaction that says no more than that it was one.
    public var kind: String?
    /// A grade on the data's own scale, for explicit feedback.
    public var rating: Double?
    /// How much this one counts; nil means 1. What its kind counts comes to it.
    public var weight: Double?
    /// When it happened, in milliseconds since 1970; nil when unknown.
    public var timestamp: Int64?
    /// The caller's own name for this fact: a second interaction of the same name is a duplicate and not stored.
    public var interactionID: String?

    /// Gathers the parts; nothing is checked until the interaction is stored.
    public init(
        userID: String, itemID: String, kind: String? = nil, rating: Double? = nil, weight: Double? = nil,
        timestamp: Int64? = nil, interactionID: String? = nil
    ) {
        self.userID = userID
        self.itemID = itemID
        self.kind = kind
        self.rating = rating
        self.weight = weight
        self.timestamp = timestamp
        self.interactionID = interactionID
    }

    /// Why no store takes this interaction, or nil when every store does.
    ///
    /// Names must pass ``Identifier/fault(of:)``, and its own may not be a row's; numbers must be finite.
    public var fault: String? {
        if let fault = Identifier.fault(of: userID) { return "user_id \(fault)" }
        if let fault = Identifier.fault(of: itemID) { return "item_id \(fault)" }
        if let kind, let fault = Identifier.fault(of: kind) { return "kind \(fault)" }
        if let interactionID, let fault = InteractionName.fault(ofGiven: interactionID) {
            return "interaction_id \(fault)"
        }
        if let rating, !rating.isFinite { return "rating is not a finite number" }
        if let weight, !weight.isFinite { return "weight is not a finite number" }
        return nil
    }
}

/// An interaction as the store holds it.
public struct StoredInteraction: Sendable, Equatable {
    /// Its place in the order of arrival; later ones are greater, and none is ever given out twice.
    public var rowID: Int64
    /// What was stored.
    public var interaction: Interaction

    /// Pairs an interaction with its place.
    public init(rowID: Int64, interaction: Interaction) {
        self.rowID = rowID
        self.interaction = interaction
    }
}
