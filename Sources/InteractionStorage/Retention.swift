/// Which interactions are too old to be kept.
public struct RetentionRule: Sendable, Equatable {
    /// Interactions of before this, in milliseconds since 1970, are; nil keeps all whose kind is not named.
    public var before: Int64?
    /// The same for single kinds, by name; a kind whose value is nil is kept whatever its age.
    public var beforeByKind: [ExactName: Int64?]

    /// The most rows that one step looks at.
    public static let rowsLookedAt = 20_000

    /// Gathers the parts.
    public init(before: Int64?, beforeByKind: [ExactName: Int64?] = [:]) {
        self.before = before
        self.beforeByKind = beforeByKind
    }

    /// Whether it keeps everything.
    public var keepsEverything: Bool { before == nil && beforeByKind.values.allSatisfy { $0 == nil } }

    /// Whether an interaction of that kind and time is too old. One without a time has no age, and stays.
    func isExpired(kind: String?, timestamp: Int64?) -> Bool {
        guard let timestamp, let bound = bound(of: kind) else { return false }
        return timestamp < bound
    }

    private func bound(of kind: String?) -> Int64? {
        kind.flatMap { beforeByKind[ExactName($0)] } ?? before
    }
}

/// What one step through the record removed; see ``InteractionStore/removeExpired(_:after:limit:)``.
public struct RetentionStep: Sendable, Equatable {
    /// What is gone, in the order of the rows.
    public var removed: [RemovedInteraction]
    /// The last row that was looked at, from which the next step begins; nil where there are no more.
    public var cursor: Int64?

    /// Gathers the parts.
    public init(removed: [RemovedInteraction], cursor: Int64?) {
        self.removed = removed
        self.cursor = cursor
    }
}
