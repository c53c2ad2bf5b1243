extension SearchRun {
    /// Halvings of the rules' dimension beside histories, and without them: a quarter, and the least there is.
    private static let halvings = (withHistories: 2, alone: 10)

    /// What the rules say, as large as there is memory for: with a shorter embedding, then without histories; the smallest where
    /// not even that fits.
    static func start(of rules: AutomaticSettings, fits: (Hyperparameters) -> Bool) -> SettingsVariation {
        var variation = rules.start
        let smaller =
            (0...halvings.withHistories).map { (halvings: $0, share: variation.historyShare) }
            + (0...halvings.alone).map { (halvings: $0, share: 0) }
        for (halvings, share) in smaller {
            (variation.dimension, variation.historyShare) = (1 / Double(1 << halvings), share)
            if fits(rules.settings(variation)) { break }
        }
        return variation
    }

    /// Whether settings leave enough memory to train with them on all the data.
    static func fits(_ settings: Hyperparameters, _ search: SettingsSearch) -> Bool {
        guard let limit = search.memoryLimit else { return true }
        let data = search.dataset
        let memory = TrainingMemory(
            settings, userCount: data.userCount, itemCount: data.itemCount, interactionCount: data.interactionCount,
            hasDislikes: data.hasDislikes)
        return memory.bytes <= limit
    }
}
