internal import JSON

extension CleaningRules {
    /// Writes the rules that leave somebody or something out, under their names in the HTTP interface; the others are what they were
    /// before there was a choice.
    func encode(_ object: inout JSONWriter) {
        if minimumUserInteractions > 1 { object.member("minimum_user_interactions", minimumUserInteractions) }
        if minimumItemInteractions > 1 { object.member("minimum_item_interactions", minimumItemInteractions) }
        if bots != .keep { object.member("bots", bots.rawValue) }
    }

    /// Reads what ``encode(_:)`` wrote; false where it is none that is known.
    mutating func read(_ json: JSONValue) -> Bool {
        minimumUserInteractions = json["minimum_user_interactions"]?.int ?? minimumUserInteractions
        minimumItemInteractions = json["minimum_item_interactions"]?.int ?? minimumItemInteractions
        guard let name = json["bots"]?.string else { return true }
        guard let bots = Bots(rawValue: name) else { return false }
        self.bots = bots
        return true
    }
}
