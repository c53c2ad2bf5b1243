public import InteractionStorage
public import NCF

/// Makes a dataset of interactions as they were recorded, each counting as its kind says.
public struct DatasetAssembly {
    private let kinds: InteractionKinds
    private var builder: InteractionDataset.Builder
    /// What the builder knows each kind by; −1 for one that is refused.
    private var byName: [ExactName: Int] = [:]
    /// The same by the store's number, which is quicker to look up; nil for one not met yet.
    private var byKey: [Int?] = []

    /// Begins without interactions.
    ///
    /// - Parameter now: The time in milliseconds since 1970, by which rows of the future are told in the report.
    public init(kinds: InteractionKinds, now: Int64? = nil) {
        self.kinds = kinds
        builder = InteractionDataset.Builder(now: now)
    }

    /// Adds one interaction, or leaves it out and counts it.
    public mutating func add(_ interaction: Interaction) {
        add(
            (number(of: interaction.kind), interaction.kind), userID: interaction.userID, itemID: interaction.itemID,
            rating: interaction.rating, weight: interaction.weight, timestamp: interaction.timestamp)
    }

    /// Adds one interaction of a store, whose kind has a number there and a name; 0 and nil where there is none.
    mutating func add(
        userID: String, itemID: String, kind: (key: Int, name: String?), rating: Double?, weight: Double?,
        timestamp: Int64?
    ) {
        while byKey.count <= kind.key { byKey.append(nil) }
        let number = byKey[kind.key] ?? number(of: kind.name)
        byKey[kind.key] = number
        add((number, kind.name), userID: userID, itemID: itemID, rating: rating, weight: weight, timestamp: timestamp)
    }

    /// The dataset of all that was added.
    public consuming func build() -> InteractionDataset { builder.build() }

    private mutating func add(
        _ kind: (number: Int, name: String?), userID: String, itemID: String, rating: Double?, weight: Double?,
        timestamp: Int64?
    ) {
        guard kind.number >= 0 else {
            return builder.addRefusedKind(userID: userID, itemID: itemID, kind: kind.name ?? "")
        }
        builder.add(
            userID: userID, itemID: itemID, rating: rating.map(Float.init), weight: weight.map(Float.init) ?? 1,
            timestamp: timestamp ?? 0, kind: kind.number)
    }

    /// Every name is a kind of its own, also those that nobody described.
    private mutating func number(of name: String?) -> Int {
        guard let name else { return 0 }
        if let known = byName[ExactName(name)] { return known }
        let number = kinds.meaning(of: name).map { builder.define($0) } ?? -1
        byName[ExactName(name)] = number
        return number
    }
}
