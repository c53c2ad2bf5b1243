import InteractionFormats
import InteractionStorage
import Locking

/// Every item's record, in memory: titles and attributes for answers, and which items may not be shown.
///
/// The store holds the truth; this copy exists because a loop may not wait for a database. It is loaded at start and
/// follows every write. Any thread may call it; no call waits for I/O.
final class Catalog: Sendable {
    private struct State {
        var items: [ExactName: Item] = [:]
        /// As they came. Some may be gone, or be there twice.
        var order: [ExactName] = []
        /// Items that are hidden or have a window of availability: the few that need a look for each answer.
        var restricted: Set<ExactName> = []
        /// Items that were deleted: a model may still know them.
        var withdrawn: Set<ExactName> = []
        var dimensions = VectorDimensions()

        mutating func forgetGoneNames() {
            var seen: Set<ExactName> = []
            order = order.reversed().filter { [items] in items[$0] != nil && seen.insert($0).inserted }.reversed()
        }
    }

    private let state = Lock(State())

    /// Reads every item of `store`, and which were deleted.
    func load(from store: any InteractionStore) throws(StoreError) {
        let withdrawn = try store.withdrawnItems()
        state.withLock { $0.withdrawn = Set(withdrawn.map(ExactName.init)) }
        var last: Int64 = 0
        while true {
            let page = try store.itemsByArrival(after: last, limit: 10_000)
            guard let end = page.last else { return }
            put(page.map(\.item))
            last = end.arrival
        }
    }

    /// Items that were stored.
    func put(_ items: [Item]) {
        state.withLock { state in
            for item in items {
                let name = ExactName(item.id)
                if let replaced = state.items.updateValue(item, forKey: name) {
                    state.dimensions.remove(replaced)
                } else {
                    state.order.append(name)
                }
                state.dimensions.add(item)
                state.withdrawn.remove(name)
                let isRestricted = item.hidden || item.availableFrom != nil || item.availableUntil != nil
                if isRestricted {
                    state.restricted.insert(name)
                } else {
                    state.restricted.remove(name)
                }
            }
        }
    }

    /// An item that was deleted.
    func remove(_ id: String) {
        let name = ExactName(id)
        state.withLock { state in
            if let removed = state.items.removeValue(forKey: name) { state.dimensions.remove(removed) }
            if state.order.count > 2 * state.items.count + 1000 { state.forgetGoneNames() }
            state.restricted.remove(name)
            state.withdrawn.insert(name)
        }
    }

    /// The records of `ids`, nil where there is none.
    func items(_ ids: [String]) -> [Item?] {
        state.withLock { state in ids.map { state.items[ExactName($0)] } }
    }

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

    /// The items that may not be recommended at `now` (milliseconds since 1970).
    func withheld(at now: Int64) -> [String] {
        state.withLock { state in
            state.withdrawn.map(\.text)
                + state.restricted.filter { name in
                    guard let item = state.items[name] else { return false }
                    return item.hidden || item.availableFrom.map { now < $0 } ?? false
                        || item.availableUntil.map { now >= $0 } ?? false
                }
                .map(\.text)
        }
    }

    /// For each of `items`, a vector that is not as long as its namesakes in the catalogue and in the items before it.
    func misfits(of items: [Item]) -> [(name: String, detail: String)?] {
        state.withLock { state in
            var dimensions = state.dimensions
            return items.map { item in
                let replaced = state.items[ExactName(item.id)]
                if let misfit = dimensions.misfit(of: item, replacing: replaced) { return misfit }
                if let replaced { dimensions.remove(replaced) }
                dimensions.add(item)
                return nil
            }
        }
    }

    /// How many items have a record.
    var count: Int { state.withLock { $0.items.count } }
}
