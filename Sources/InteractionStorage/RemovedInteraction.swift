/// What is to be known of an interaction that is gone, for whatever has counted it to count it no more.
public struct RemovedInteraction: Sendable, Equatable {
    /// Its place in the order of arrival.
    public var rowID: Int64
    /// What was acted upon.
    public var itemID: String
    /// What was done; nil where that was not said.
    public var kind: String?
    /// When it happened, in milliseconds since 1970; nil when unknown.
    public var timestamp: Int64?

    /// Gathers the parts.
    public init(rowID: Int64, itemID: String, kind: String? = nil, timestamp: Int64? = nil) {
        self.rowID = rowID
        self.itemID = itemID
        self.kind = kind
        self.timestamp = timestamp
    }

    /// What is left to know of a row of the store.
    public init(_ stored: StoredInteraction) {
        self.init(
            rowID: stored.rowID, itemID: stored.interaction.itemID, kind: stored.interaction.kind,
            timestamp: stored.interaction.timestamp)
    }
}
