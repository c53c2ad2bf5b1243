import InteractionFormats
import InteractionStorage
import Locking
import NCF

/// Every item's record, in memory: titles and attributes for answers, and which items may not be shown.
///
/// The store holds the truth; this copy exists because a loop may not wait for a database. It is loaded at start and
/// follows every write. Any thread may call it; no call waits for I/O.
final class Catalog: Sendable {
    private struct State {
        var items: [ExactName: Item] = [:]
        /// As they came. Some may be gone, or be there twice.
        var order: [ExactName] = []
        var withheld = WithheldItems()
        /// Items that were deleted: a model may still know them.
        var withdrawn: Set<ExactName> = []
        var dimensions = VectorDimensions()
        /// How often an item was stored or deleted.
        var changeCount = 0
        /// The last of these.
        var changes: [ExactName] = []

        mutating func note(_ name: ExactName) {
            changeCount += 1
            changes.append(name)
            if changes.count > Catalog.changesKept { changes.removeFirst(Catalog.changesKept / 2) }
        }

        mutating func forgetGoneNames() {
            var seen: Set<ExactName> = []
            order = order.reversed().filter { [items] in items[$0] != nil && seen.insert($0).inserted }.reversed()
        }
    }

    private let state = Lock(State())
    /// Changes that are remembered.
    private static let changesKept = 16_384
    private let filtered = FilteredItems()
    /// Of the model that was asked about last.
    private let withheldIndices = Lock<WithheldIndices?>(nil)

    /// Reads every item of `store`, and which were deleted.
    func load(from store: any InteractionStore) throws(StoreError) {
        try loadWithdrawn(from: store)
        var last: Int64 = 0
        while true {
            let page = try store.itemsByArrival(after: last, limit: 10_000)
            guard let end = page.last else { return }
            put(page.map(\.item))
            last = end.arrival
        }
    }

    private func loadWithdrawn(from store: any InteractionStore) throws(StoreError) {
        var last: String?
        while true {
            let page = try store.withdrawnItems(after: last, limit: 10_000)
            guard let end = page.last else { return }
            state.withLock { state in
                for name in page.map(ExactName.init) where state.withdrawn.insert(name).inserted {
                    state.withheld.withdraw(name)
                }
            }
            last = end
        }
    }

    /// Items that were stored. Returns the records in whose place they came; who created an item has none.
    @discardableResult
    func put(_ items: [Item]) -> [ExactName: Item] {
        state.withLock { state in
            var (replacedItems, created): ([ExactName: Item], Set<ExactName>) = ([:], [])
            for item in items {
                let name = ExactName(item.id)
                if let replaced = state.items.updateValue(item, forKey: name) {
                    state.dimensions.remove(replaced)
                    if replacedItems[name] == nil, !created.contains(name) { replacedItems[name] = replaced }
                } else {
                    state.order.append(name)
                    created.insert(name)
                }
                state.dimensions.add(item)
                state.withdrawn.remove(name)
                state.withheld.put(item)
                state.note(name)
            }
            return replacedItems
        }
    }

    /// An item that was deleted.
    func remove(_ id: String) {
        let name = ExactName(id)
        state.withLock { state in
            if let removed = state.items.removeValue(forKey: name) { state.dimensions.remove(removed) }
            if state.order.count > 2 * state.items.count + 1000 { state.forgetGoneNames() }
            state.withdrawn.insert(name)
            state.withheld.withdraw(name)
            state.note(name)
        }
    }

    /// How often an item was stored or deleted, and which have been since so many times; nil where that is too long ago.
    func changes(after count: Int) -> (count: Int, names: [ExactName]?) {
        state.withLock { state in
            let missed = state.changeCount - count
            let isKnown = (0...state.changes.count).contains(missed)
            return (state.changeCount, isKnown ? Array(state.changes.suffix(missed)) : nil)
        }
    }

    /// The items of `snapshot` that match `filter`. Not for an event loop: what was not asked for before is looked up item by item.
    func items(matching filter: ItemFilter, in snapshot: ModelSnapshot) -> ItemSet {
        filtered.items(matching: filter, in: snapshot, of: self)
    }

    /// Calls `body` with the index and the record of each item of `snapshot` that has one; in pages, so that nobody waits long.
    func forEachRecord(of snapshot: ModelSnapshot, _ body: (Int, Item) -> Void) {
        for start in stride(from: 0, to: snapshot.itemCount, by: Self.pageSize) {
            let names = (start..<min(snapshot.itemCount, start + Self.pageSize)).map { snapshot.items[$0] }
            for (place, item) in items(names).enumerated() {
                if let item { body(start + place, item) }
            }
        }
    }

    /// The index and the record of those of `names` that `snapshot` knows, each once.
    func records(of names: [ExactName], in snapshot: ModelSnapshot) -> [(index: Int, record: Item?)] {
        let known = Set(names).compactMap { name in snapshot.items.index(of: name.text).map { (name.text, $0) } }
        return Array(zip(known.map(\.1), items(known.map(\.0))))
    }

    /// The records of `ids`, nil where there is none.
    func items(_ ids: [String]) -> [Item?] {
        state.withLock { state in ids.map { state.items[ExactName($0)] } }
    }

    /// Whether an item has a record.
    func contains(_ name: ExactName) -> Bool { state.withLock { $0.items[name] != nil } }

    /// Whether `id` is an item that was deleted, and not stored again.
    func isWithdrawn(_ id: String) -> Bool { state.withLock { $0.withdrawn.contains(ExactName(id)) } }

    /// Calls `body` for every item, the one that came last first, until it returns false; in pages, so that nobody waits long.
    func forEachNewestFirst(_ body: (Item) -> Bool) {
        var seen: Set<ExactName> = []
        var end = state.withLock { $0.order.count }
        while end > 0 {
            let page = state.withLock { [end] state in
                state.order[..<min(end, state.order.count)].suffix(Self.pageSize).map { ($0, state.items[$0]) }
            }
            for (name, item) in page.reversed() where seen.insert(name).inserted {
                if let item, !body(item) { return }
            }
            end -= Self.pageSize
        }
    }

    private static let pageSize = 1000

    /// The items that may not be recommended now.
    ///
    /// The clock is read under the lock: a time that was read before another thread's, and told after it, would be a clock that
    /// was put back.
    func withheld(by clock: WallClock) -> NameSet {
        state.withLock { state in
            state.withheld.advance(to: clock.milliseconds())
            return state.withheld.names
        }
    }

    /// The items of `snapshot` among those; O(what has changed since the last time), or of all of them for another model.
    func withheld(by clock: WallClock, in snapshot: ModelSnapshot) -> ItemSet {
        let before = withheldIndices.withLock { $0 }.flatMap { $0.snapshot === snapshot ? $0 : nil }
        let (names, count, changes) = state.withLock { state in
            state.withheld.advance(to: clock.milliseconds())
            let changes = before.flatMap { state.withheld.changes(after: $0.changeCount) }
            return (state.withheld.names, state.withheld.changeCount, changes.map(Array.init))
        }
        var items: ItemSet
        if let before, let changes {
            if changes.isEmpty { return before.items }
            items = before.items
            for change in changes {
                guard let index = snapshot.items.index(of: change.name.text) else { continue }
                if change.isWithheld { items.insert(index) } else { items.remove(index) }
            }
        } else {
            items = ItemSet(itemCount: snapshot.itemCount)
            names.forEach { name in
                if let index = snapshot.items.index(of: name.text) { items.insert(index) }
            }
        }
        let found = WithheldIndices(snapshot: snapshot, changeCount: count, items: items)
        withheldIndices.withLock { kept in
            // Somebody may have been faster, and know more.
            if kept?.snapshot !== snapshot || kept.map({ $0.changeCount < count }) ?? true { kept = found }
        }
        return items
    }

    private struct WithheldIndices: Sendable {
        weak let snapshot: ModelSnapshot?
        let changeCount: Int
        let items: ItemSet
    }

    /// For each of `items`, a vector that is not as long as its namesakes in the catalogue and in the items before it.
    func misfits(of items: [Item]) -> [(name: String, detail: String)?] { misfits(of: items.map(ItemChange.put)) }

    /// For each of `changes`, a vector that is not as long as its namesakes in the catalogue and in the items before it.
    func misfits(of changes: [ItemChange]) -> [(name: String, detail: String)?] {
        state.withLock { state in
            var dimensions = state.dimensions
            // An item may be named more than once; nil is one that was withdrawn.
            var changed: [ExactName: Item?] = [:]
            return changes.map { change in
                switch change {
                case .put(let item):
                    let name = ExactName(item.id)
                    let replaced = changed[name] ?? state.items[name]
                    if let misfit = dimensions.misfit(of: item, replacing: replaced) { return misfit }
                    if let replaced { dimensions.remove(replaced) }
                    dimensions.add(item)
                    changed[name] = .some(item)
                case .withdraw(let id):
                    let name = ExactName(id)
                    if let replaced = changed[name] ?? state.items[name] { dimensions.remove(replaced) }
                    changed[name] = .some(nil)
                }
                return nil
            }
        }
    }

    /// How many items have a record.
    var count: Int { state.withLock { $0.items.count } }
}
