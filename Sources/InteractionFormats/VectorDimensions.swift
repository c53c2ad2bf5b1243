public import InteractionStorage

/// How long the vectors of each name are, by the items that have them: as many elements for all.
public struct VectorDimensions: Sendable {
    private var known: [ExactName: (dimension: Int, items: Int)] = [:]

    /// No vector is known.
    public init() {}

    /// Learns from an item that has come.
    public mutating func add(_ item: Item) {
        for (name, vector) in item.vectors { known[name, default: (vector.count, 0)].items += 1 }
    }

    /// Forgets an item that is gone; with the last vector of a name its length is free again.
    public mutating func remove(_ item: Item) {
        for name in item.vectors.keys {
            guard let entry = known[name] else { continue }
            known[name] = entry.items > 1 ? (entry.dimension, entry.items - 1) : nil
        }
    }

    /// A vector of `item` that is not as long as its namesakes, and what is wrong with it.
    ///
    /// - Parameter replaced: The item in whose place it comes.
    public func misfit(of item: Item, replacing replaced: Item? = nil) -> (name: String, detail: String)? {
        for (name, vector) in item.vectors.sorted(by: { $0.key < $1.key }) {
            guard let (dimension, items) = known[name], dimension != vector.count,
                items > (replaced?.vectors[name] == nil ? 0 : 1)
            else { continue }
            let quotation = FieldText.quotation(of: name.text)
            return (
                name.text,
                "has \(vector.count) elements; the vectors \(quotation) of other items have \(dimension)"
            )
        }
        return nil
    }
}
