/// What is known about a user beyond their interactions.
public struct User: Sendable, Equatable {
    /// The name that interactions use.
    public var id: String
    /// Unordered labels, kept in the order given.
    public var tags: [String]
    /// Typed properties.
    public var attributes: [ExactName: AttributeValue]

    /// Gathers the parts; nothing is checked until the user is stored.
    public init(id: String, tags: [String] = [], attributes: [ExactName: AttributeValue] = [:]) {
        self.id = id
        self.tags = tags
        self.attributes = attributes
    }
}
