/// An item of a history, and what it counts but for its place.
struct HistoryItem: Sendable, Equatable {
    var item: Int32
    var factor: Float = 1
}

/// What the items of a history count: by their places, and by their interactions.
struct HistoryCounting: Sendable, Equatable {
    var recency = HistoryRecency.none
    var evidence = HistoryEvidence.none

    /// Whether any counts otherwise than another.
    var isOn: Bool { recency.isOn || evidence.isOn }

    /// What each interaction of `dataset` counts in its user's history; 0 where it is in none, for it has no weight.
    func factors(of dataset: InteractionDataset) -> [Float] {
        var factors = recency.factors(of: dataset)
        guard evidence.isOn else { return factors }
        for index in factors.indices where factors[index] > 0 {
            factors[index] *= evidence.factor(of: dataset.weights[index])
        }
        return factors
    }
}
