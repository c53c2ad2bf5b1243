/// A catalogue entry: what is known about an item beyond who interacted with it.
public struct Item: Sendable, Equatable {
    /// The name that interactions use.
    public var id: String
    /// What people call it.
    public var title: String?
    /// Unordered labels, kept in the order given.
    public var tags: [String]
    /// Typed properties that filters and boosts refer to.
    public var attributes: [ExactName: AttributeValue]
    /// What encoders made of its text, images or sound: finite numbers, as many under one name for all items.
    public var vectors: [ExactName: [Float]]
    /// Never to be recommended, yet still learned from.
    public var hidden: Bool
    /// Not to be recommended before this time, in milliseconds since 1970.
    public var availableFrom: Int64?
    /// Not to be recommended from this time on, in milliseconds since 1970.
    public var availableUntil: Int64?
    /// The part of the catalogue it belongs to ("films", "books"), where one store serves several.
    public var domain: String?

    /// Gathers the parts; nothing is checked until the item is stored.
    public init(
        id: String, title: String? = nil, tags: [String] = [], attributes: [ExactName: AttributeValue] = [:],
        vectors: [ExactName: [Float]] = [:], hidden: Bool = false, availableFrom: Int64? = nil,
        availableUntil: Int64? = nil, domain: String? = nil
    ) {
        self.id = id
        self.title = title
        self.tags = tags
        self.attributes = attributes
        self.vectors = vectors
        self.hidden = hidden
        self.availableFrom = availableFrom
        self.availableUntil = availableUntil
        self.domain = domain
    }
}

/// A catalogue entry and its place among all that came into the catalogue.
public struct ArrivedItem: Sendable, Equatable {
    /// The later it came, the greater; no two that are there at once have the same. Says nothing in another store.
    public var arrival: Int64
    /// The entry.
    public var item: Item

    /// Pairs an entry with its place.
    public init(arrival: Int64, item: Item) {
        self.arrival = arrival
        self.item = item
    }
}
