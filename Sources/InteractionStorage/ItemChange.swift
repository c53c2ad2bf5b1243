/// What becomes of one name of the catalogue: what a line of an export of items says.
public enum ItemChange: Sendable, Equatable {
    /// The entry is stored, in the place of one that has its name.
    case put(Item)
    /// The name has no entry, and is not to be recommended (``InteractionStore/withdrawnItems(after:limit:)``).
    case withdraw(String)

    /// Changes of one sort that stand one behind the other.
    public enum Run: Sendable, Equatable {
        /// Entries, one at least.
        case put([Item])
        /// Names, one at least.
        case withdraw([String])
    }

    /// Why no store carries this out, or nil when every store does.
    public var fault: String? {
        switch self {
        case .put(let item): item.fault
        case .withdraw(let id): Identifier.fault(of: id).map { "item_id \($0)" }
        }
    }
}

extension Sequence<ItemChange> {
    /// All of them in their order, in as few runs as that takes.
    public var runs: [ItemChange.Run] {
        var (runs, items, ids): ([ItemChange.Run], [Item], [String]) = ([], [], [])
        func endItems() {
            if !items.isEmpty { runs.append(.put(items)) }
            items = []
        }
        func endIDs() {
            if !ids.isEmpty { runs.append(.withdraw(ids)) }
            ids = []
        }
        for change in self {
            switch change {
            case .put(let item):
                endIDs()
                items.append(item)
            case .withdraw(let id):
                endItems()
                ids.append(id)
            }
        }
        endItems()
        endIDs()
        return runs
    }
}
