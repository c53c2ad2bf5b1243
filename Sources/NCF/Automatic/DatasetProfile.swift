/// The shape of a dataset, from which the engine's rules derive settings; see ``AutomaticSettings``.
public struct DatasetProfile: Sendable, Equatable {
    /// Users with at least one interaction.
    public var activeUsers: Int
    /// Items with at least one interaction.
    public var activeItems: Int
    /// User–item pairs that count for anything.
    public var interactions: Int
    /// The share of all cells, those of users and items without interactions included, that are filled.
    public var density: Double
    /// The mean weight of an interaction, whether it is for its item or against it.
    public var meanWeight: Double
    /// Whether most users with several interactions have them at different times.
    public var hasTimes: Bool
    /// Whether some interactions for their items count clearly more than others.
    public var hasWeights: Bool
    /// What the objective is when nobody says.
    public var objective: Objective

    /// Looks at every interaction once.
    public init(_ dataset: InteractionDataset) {
        activeUsers = (0..<dataset.userCount).count { !dataset.interactions(of: $0).isEmpty }
        var isActive = [Bool](repeating: false, count: dataset.itemCount)
        for item in dataset.items { isActive[Int(item)] = true }
        activeItems = isActive.count { $0 }
        interactions = dataset.weights.count { $0 != 0 }
        let cells = Double(dataset.userCount) * Double(dataset.itemCount)
        density = cells > 0 ? Double(interactions) / cells : 0
        let weight = dataset.weights.reduce(0) { $0 + Double(abs($1)) }
        meanWeight = interactions > 0 && weight > 0 ? weight / Double(interactions) : 1
        hasTimes = dataset.hasTimes
        let positive = dataset.weights.filter { $0 > 0 }
        hasWeights = (positive.max() ?? 0) > Self.noticedRatio * (positive.min() ?? 0)
        objective = Objective.auto.resolved(for: dataset)
    }

    /// Weights that differ by less say nothing.
    private static let noticedRatio: Float = 1.2

    /// Interactions of a user, on average.
    public var meanHistory: Double { Double(interactions) / Double(max(1, activeUsers)) }

    /// Interactions of an item, on average.
    public var meanAudience: Double { Double(interactions) / Double(max(1, activeItems)) }
}
