public import NCF

/// What every training goes by unless it is told otherwise: as the configuration has it.
public struct LearningRules: Sendable, Equatable {
    /// Who and what is not learned from.
    public var cleaning = CleaningRules()
    /// How many items of a history count, the newest; 0 for all.
    public var historyLength = 0

    /// Everything is learned from.
    public init() {}
}

extension ServiceConfiguration {
    /// What every training goes by unless it is told otherwise.
    public var learning: LearningRules {
        var rules = LearningRules()
        (rules.cleaning, rules.historyLength) = (cleaning, features.historyLength)
        return rules
    }
}
