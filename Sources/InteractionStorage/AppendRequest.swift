/// One append among several of a group.
public struct AppendRequest: Sendable, Equatable {
    /// What to append, in this order.
    public var interactions: [Interaction]
    /// Makes a retry harmless.
    public var idempotencyKey: String?
    /// Stands for what came with the interactions and is no part of the record (``StableHash``), such as rows that were refused: under
    /// one key it must be the same again, as the interactions must.
    public var companions: UInt64?
    /// How many erasures there had been when the request began; nil if it begins now. Users who were erased since are kept out.
    public var begunAfter: Int64?

    /// Gathers the parts.
    public init(
        interactions: [Interaction], idempotencyKey: String? = nil, companions: UInt64? = nil, begunAfter: Int64? = nil
    ) {
        self.interactions = interactions
        self.idempotencyKey = idempotencyKey
        self.companions = companions
        self.begunAfter = begunAfter
    }

    /// Why no store takes this request, or nil when every store does.
    public var fault: String? {
        if let idempotencyKey, let fault = Identifier.fault(of: idempotencyKey) {
            return "the idempotency key \(fault)"
        }
        for (index, interaction) in interactions.enumerated() {
            if let fault = interaction.fault { return "interaction \(index): \(fault)" }
        }
        return nil
    }
}
