import JSON
import NCF

extension CleaningRules {
    /// Their names in the HTTP interface.
    static let members = ["minimum_user_interactions", "minimum_item_interactions", "bots"]

    /// Reads the rules that somebody asked for; the others are as in `rules`.
    init(_ body: JSONObjectDecoder, instead rules: CleaningRules, _ faults: inout JSONFaults) {
        self = rules
        let minimums = 1...Self.greatestMinimum
        if let count = body.integer("minimum_user_interactions", in: minimums, &faults) {
            minimumUserInteractions = count
        }
        if let count = body.integer("minimum_item_interactions", in: minimums, &faults) {
            minimumItemInteractions = count
        }
        bots = body.choice(Bots.self, "bots", &faults) ?? bots
    }
}
