/// What became of an append.
public struct AppendReceipt: Sendable, Equatable {
    /// Interactions newly stored.
    public var stored: Int
    /// Interactions left out because their `interactionID` was there already.
    public var duplicates: Int
    /// Interactions left out because they are of users who were erased since, or from before that (``Tombstones``).
    public var erased: Int
    /// The highest row given out when this append was committed.
    public var watermark: Int64
    /// Which interactions were left out, by their places in the append, ascending; not kept, and so empty, in the receipt
    /// that a retry gets. The others have the rows up to ``watermark``, in their order and without a gap.
    public var leftOutPositions: [Int]

    /// Gathers the parts.
    public init(stored: Int, duplicates: Int, watermark: Int64, erased: Int = 0, leftOutPositions: [Int] = []) {
        self.stored = stored
        self.duplicates = duplicates
        self.erased = erased
        self.watermark = watermark
        self.leftOutPositions = leftOutPositions
    }
}

/// What became of user records that were to be stored.
public struct UserReceipt: Sendable, Equatable {
    /// Records of users who had none.
    public var created: Int
    /// Records left out because their users have been erased since the request began (``Tombstones``).
    public var erased: Int

    /// Gathers the parts.
    public init(created: Int = 0, erased: Int = 0) {
        self.created = created
        self.erased = erased
    }
}

/// What became of the erasure of a user.
public struct ErasureReceipt: Sendable, Equatable {
    /// The interactions removed, in the order of their rows.
    public var removed: [RemovedInteraction]
    /// False when the store held neither interactions nor a record of that user, nor a row in quarantine about the user.
    public var existed: Bool
    /// Rows removed from quarantine, about the user or perhaps naming the user.
    public var quarantined: Int
    /// The erasure's place among all of the store, from 1; 0 for a name that nobody can have.
    public var sequence: Int64
    /// The highest row given out before it: whatever row of the user still comes to light from up to there is erased.
    public var watermark: Int64
    /// Whether the store's log still holds what was erased, because somebody is reading: until ``InteractionStore/flush()`` returns true.
    public var leavesTraces: Bool

    /// Gathers the parts.
    public init(
        removed: [RemovedInteraction] = [], existed: Bool, quarantined: Int = 0, sequence: Int64 = 0,
        watermark: Int64 = 0, leavesTraces: Bool = false
    ) {
        self.removed = removed
        self.existed = existed
        self.quarantined = quarantined
        self.sequence = sequence
        self.watermark = watermark
        self.leavesTraces = leavesTraces
    }

    /// How many interactions were removed.
    public var interactions: Int { removed.count }

    /// The oldest row removed: a model whose data watermark is at least this one may have been trained on the user.
    public var firstRowID: Int64? { removed.first?.rowID }
}

/// How much a store holds.
public struct StoreCounts: Sendable, Equatable {
    /// Interactions held.
    public var interactions: Int
    /// Users that interactions have named and that were not erased since.
    public var users: Int
    /// Items that interactions have named.
    public var items: Int
    /// Users with a record of their own (tags, attributes).
    public var userRecords: Int
    /// Items in the catalogue.
    public var catalogueItems: Int

    /// Gathers the parts.
    public init(
        interactions: Int = 0, users: Int = 0, items: Int = 0, userRecords: Int = 0, catalogueItems: Int = 0
    ) {
        self.interactions = interactions
        self.users = users
        self.items = items
        self.userRecords = userRecords
        self.catalogueItems = catalogueItems
    }
}
