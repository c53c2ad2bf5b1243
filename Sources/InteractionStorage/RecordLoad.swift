/// What an import puts into a store, piece by piece.
public protocol RecordLoad {
    /// Interactions held, those of this load included.
    var interactionCount: Int { get throws }

    /// Appends interactions, as ``InteractionStore/append(_:idempotencyKey:)``.
    mutating func append(_ interactions: [Interaction]) throws -> AppendReceipt

    /// Keeps rows that were refused, as ``InteractionStore/quarantine(_:begunAfter:within:)``.
    mutating func quarantine(_ rows: [QuarantinedRow], within bounds: QuarantineBounds) throws -> QuarantineReceipt

    /// Stores and withdraws catalogue entries, as ``InteractionStore/changeItems(_:)``.
    mutating func changeItems(_ changes: [ItemChange]) throws -> Int

    /// Stores user records, as ``InteractionStore/putUsers(_:begunAfter:)``; those of users who were ever erased wait for
    /// ``settleUsers()``.
    mutating func putUsers(_ users: [User]) throws

    /// Ends a load: of the records that wait, those are stored whose users have come back (``ReturningUsers``).
    ///
    /// - Returns: How many records stay out.
    mutating func settleUsers() throws -> Int
}

/// A load of which each piece is a transaction of its own: what was stored before an error stays. For any store.
public struct PiecewiseLoad: RecordLoad {
    private let store: any InteractionStore
    private let erasures: Int64?
    private var returning: ReturningUsers

    /// - Parameter erasures: Who was erased after this many erasures is kept out; nil keeps nobody out.
    public init(into store: any InteractionStore, begunAfter erasures: Int64?) throws(StoreError) {
        self.store = store
        self.erasures = erasures
        returning = ReturningUsers(erased: try store.tombstones(after: 0), begunAfter: erasures)
    }

    /// Interactions held.
    public var interactionCount: Int { get throws { try store.counts.interactions } }

    /// Appends interactions in a transaction.
    public mutating func append(_ interactions: [Interaction]) throws -> AppendReceipt {
        returning.note(interactions)
        return try store.append(group: [AppendRequest(interactions: interactions, begunAfter: erasures)])[0].get()
    }

    /// Keeps rows that were refused, in a transaction.
    public mutating func quarantine(
        _ rows: [QuarantinedRow], within bounds: QuarantineBounds
    ) throws -> QuarantineReceipt {
        try store.quarantine(rows, begunAfter: erasures, within: bounds)
    }

    /// Stores and withdraws catalogue entries in a transaction.
    public mutating func changeItems(_ changes: [ItemChange]) throws -> Int { try store.changeItems(changes) }

    /// Stores user records in a transaction.
    public mutating func putUsers(_ users: [User]) throws {
        try store.putUsers(returning.welcome(among: users), begunAfter: erasures)
    }

    /// Stores the records of those who have come back in a transaction.
    public mutating func settleUsers() throws -> Int {
        let (back, erased) = returning.settle()
        return erased + (try store.putUsers(back, begunAfter: erasures).erased)
    }
}
