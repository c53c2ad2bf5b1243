/// One interaction as a training run reads it: integers in place of names.
public struct ScannedInteraction: Sendable, Equatable {
    /// Its place in the order of arrival.
    public var rowID: Int64
    /// Stands for the user in ``ScanSnapshot/userIDs``.
    public var userKey: Int
    /// Stands for the item in ``ScanSnapshot/itemIDs``.
    public var itemKey: Int
    /// Stands for the kind in ``ScanSnapshot/kinds``; 0 when there is none.
    public var kindKey: Int
    /// A grade on the data's own scale.
    public var rating: Double?
    /// How much this one counts.
    public var weight: Double?
    /// When it happened, in milliseconds since 1970.
    public var timestamp: Int64?

    /// Gathers the parts.
    public init(
        rowID: Int64, userKey: Int, itemKey: Int, kindKey: Int, rating: Double?, weight: Double?, timestamp: Int64?
    ) {
        self.rowID = rowID
        self.userKey = userKey
        self.itemKey = itemKey
        self.kindKey = kindKey
        self.rating = rating
        self.weight = weight
        self.timestamp = timestamp
    }
}

/// What a scan announces before its first row: all of it, and all rows, are of one moment.
public struct ScanSnapshot: Sendable {
    /// The highest row given out by then; pass it to the next scan to read only what came later.
    public var watermark: Int64
    /// How many interactions the whole store holds: an upper bound for the rows that follow.
    public var interactionCount: Int
    /// Names of users by key.
    public var userIDs: InternedNames
    /// Names of items by key.
    public var itemIDs: InternedNames
    /// Names of kinds by key.
    public var kinds: InternedNames

    /// Gathers the parts.
    public init(
        watermark: Int64, interactionCount: Int, userIDs: InternedNames, itemIDs: InternedNames, kinds: InternedNames
    ) {
        self.watermark = watermark
        self.interactionCount = interactionCount
        self.userIDs = userIDs
        self.itemIDs = itemIDs
        self.kinds = kinds
    }
}

/// Names by the positive integer that stands for each; gaps are what was erased.
public struct InternedNames: Sendable {
    private var names: [String?] = []
    /// How many names there are.
    public private(set) var count = 0

    /// No names.
    public init() {}

    /// One past the greatest key: the size of an array indexed by key.
    public var keyLimit: Int { names.count }

    /// The name that `key` stands for, or nil when it stands for none; O(1).
    public subscript(key: Int) -> String? {
        names.indices.contains(key) ? names[key] : nil
    }

    /// Makes `key` stand for `name`; keys are positive and come from a store, which counts them up from 1.
    public mutating func insert(_ name: String, for key: Int) {
        precondition(key > 0, "keys are positive")
        while names.count <= key { names.append(nil) }
        if names[key] == nil { count += 1 }
        names[key] = name
    }
}
