public import ArgumentParser
public import NCF

/// The flags that say who and what is not learned from.
struct CleaningOptions: ParsableArguments {
    @Option(help: "Learn from no user with fewer interactions; 1 learns from all (cleaning.minimum_user_interactions).")
    var minimumUserInteractions: Int?

    @Option(help: "Learn from no item with fewer interactions; 1 learns from all (cleaning.minimum_item_interactions).")
    var minimumItemInteractions: Int?

    @Option(help: "What becomes of users who look like programs: keep or leave_out (cleaning.bots).")
    var bots: CleaningRules.Bots?

    func validate() throws {
        let bounds = 1...CleaningRules.greatestMinimum
        for (name, value) in [
            ("--minimum-user-interactions", minimumUserInteractions),
            ("--minimum-item-interactions", minimumItemInteractions),
        ] {
            guard let value, !bounds.contains(value) else { continue }
            throw ValidationError("\(name) must be 1 to \(bounds.upperBound), not \(value)")
        }
    }

    /// These rules; the others as in `configured`.
    func rules(instead configured: CleaningRules) -> CleaningRules {
        var rules = configured
        rules.minimumUserInteractions = minimumUserInteractions ?? rules.minimumUserInteractions
        rules.minimumItemInteractions = minimumItemInteractions ?? rules.minimumItemInteractions
        rules.bots = bots ?? rules.bots
        return rules
    }
}

extension CleaningRules.Bots: ExpressibleByArgument {}
