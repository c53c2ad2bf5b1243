/// The members of an interaction, as columns of a table and as members of a JSON object.
enum InteractionColumn: String, CaseIterable, Sendable {
    case userID = "user_id"
    case itemID = "item_id"
    case kind
    case rating
    case weight
    case timestamp
    case interactionID = "interaction_id"

    /// Every name, in the order in which interactions are written.
    static let names = allCases.map(\.rawValue)

    /// Whether an interaction is none without it.
    var isRequired: Bool { self == .userID || self == .itemID }
}
