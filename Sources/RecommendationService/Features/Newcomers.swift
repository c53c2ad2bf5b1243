import InteractionStorage
import Locking
import NCF

/// Items and users that the current model does not know, but whose features it does: ready to be recommended, or to be
/// recommended to.
///
/// Built anew for each model that is published, off the loops, and follows what is written to the catalogue. Bounded: of the
/// items the newest, by when they came into the catalogue; of the users those whose IDs come first. Any thread may
/// call it; who asks never waits for I/O.
final class Newcomers: Sendable {
    /// The users that are remembered.
    static let userLimit = 100_000

    // A model is told by its version: taking erased users out of it makes another one of the same items.

    /// Items side by side, for one model.
    struct Items: Sendable {
        /// Their IDs.
        var ids: [String] = []
        /// As many, in the same order.
        var table = FeaturedItems([])
    }

    private typealias Entry = (id: ExactName, item: FeaturedItem)

    private struct State {
        /// The model that the rest is for.
        var model: ModelSnapshot?
        /// Oldest first.
        var items: [Entry] = []
        /// Whether there may be older ones, for which there was no room.
        var isCut = false
        var table = Items()
        var users: [ExactName: SparseFeatures] = [:]
    }

    private let state = Lock(State())
    /// Held while the catalogue is read or followed, so that nothing comes between; never by who asks.
    private let building = Lock(())
    private let catalog: Catalog
    private let models: ModelStore
    private let itemLimit: Int

    /// - Parameter itemLimit: How many items are kept at most.
    init(catalog: Catalog, models: ModelStore, itemLimit: Int) {
        self.catalog = catalog
        self.models = models
        self.itemLimit = itemLimit
    }

    /// The items for `model`; none where it is not the model that was last followed.
    func items(for model: ModelSnapshot) -> Items {
        state.withLock { $0.model?.version == model.version ? $0.table : Items() }
    }

    /// The features of a user that `model` does not know; nil where nothing is known of it either way.
    func features(ofUser id: String, for model: ModelSnapshot) -> SparseFeatures? {
        state.withLock { $0.model?.version == model.version ? $0.users[ExactName(id)] : nil }
    }

    /// What `model` expects of an item that it does not know, by the catalogue's record of it.
    func item(_ id: String, for model: ModelSnapshot) -> FeaturedItem? {
        guard model.features?.items != nil, let record = catalog.items([id])[0] else { return nil }
        return model.item(with: FeatureRecord(record))
    }

    /// Begins anew for the model that serves now. O(catalogue + users' records); not for an event loop.
    func follow(_ store: any InteractionStore) throws(StoreError) {
        try building.withLock { _ throws(StoreError) in
            guard let model = models.current else { return }
            let users = try Self.users(unknownTo: model, store)
            let (items, isCut) = newest(for: model)
            let table = Self.table(items)
            state.withLock { state in
                state = State(model: model, items: items, isCut: isCut, table: table, users: users)
            }
        }
    }

    /// As many items as are kept, oldest first, and whether there may be older ones; `known` are entries as they are.
    private func newest(for model: ModelSnapshot, known: [Entry] = []) -> ([Entry], isCut: Bool) {
        guard itemLimit > 0, model.features?.items != nil else { return ([], false) }
        let known = Dictionary(uniqueKeysWithValues: known.map { ($0.id, $0) })
        var items: [Entry] = []
        catalog.forEachNewestFirst { item in
            if let entry = known[ExactName(item.id)] ?? Self.entry(item, for: model) { items.append(entry) }
            return items.count < itemLimit
        }
        return (items.reversed(), items.count >= itemLimit)
    }

    /// Items that were written to the catalogue, some in the place of records that were there.
    ///
    /// Where one that was there comes in, or one goes and there may be older ones, the catalogue is asked which are the newest. One
    /// that could have been among these before, and was not, is too old.
    func put(_ items: [Item], replacing replaced: [ExactName: Item]) {
        // Of several records of one item the last is in the catalogue.
        var named: Set<ExactName> = []
        let items = items.reversed().filter { named.insert(ExactName($0.id)).inserted }.reversed()
        update { model, entries, isCut in
            var isOutOfOrder = false
            for item in items {
                let name = ExactName(item.id)
                let known = entries.firstIndex { $0.id == name }
                switch (known, Self.entry(item, for: model)) {
                case (let place?, let entry?): entries[place] = entry
                case (let place?, nil):
                    entries.remove(at: place)
                    isOutOfOrder = isOutOfOrder || isCut
                case (nil, let entry?):
                    let former = replaced[name]
                    if let former, Self.entry(former, for: model) != nil { continue }
                    entries.append(entry)
                    isOutOfOrder = isOutOfOrder || former != nil
                case (nil, nil): break
                }
            }
            return isOutOfOrder
        }
    }

    /// Items that were deleted from the catalogue.
    func remove(_ ids: [String]) {
        let names = Set(ids.map(ExactName.init))
        update { _, entries, isCut in
            let count = entries.count
            entries.removeAll { names.contains($0.id) }
            return isCut && entries.count < count
        }
    }

    /// Users whose records were written: as the store has them now, whatever else is under way. Blocks on I/O.
    func refresh(users ids: [String], from store: any InteractionStore) throws(StoreError) {
        try building.withLock { _ throws(StoreError) in
            guard let model = state.withLock({ $0.model }), model.features?.users != nil else { return }
            for id in ids {
                let record = model.index(ofUser: id) == nil ? try store.user(id) : nil
                let features = record.flatMap { model.userFeatures(of: FeatureRecord($0)) }
                state.withLock { state in
                    let isKept = features == nil || state.users.count < Self.userLimit
                    if isKept { state.users[ExactName(id)] = features }
                }
            }
        }
    }

    /// A person was erased. Waits for whoever is reading records, so that none of theirs comes after.
    func forget(userID: String) {
        building.withLock { _ in state.withLock { $0.users[ExactName(userID)] = nil } }
    }

    /// `change` is given the entries, and whether there may be older ones; it returns whether the catalogue has to say which are the newest.
    private func update(_ change: (ModelSnapshot, inout [Entry], _ isCut: Bool) -> Bool) {
        building.withLock { _ in
            var (model, items, isCut) = state.withLock { ($0.model, $0.items, $0.isCut) }
            guard let model, model.features?.items != nil else { return }
            if change(model, &items, isCut) {
                (items, isCut) = newest(for: model, known: items)
            } else if items.count > itemLimit {
                (items, isCut) = (Array(items.suffix(itemLimit)), true)
            }
            let table = Self.table(items)
            state.withLock { [items, isCut] state in
                state.items = items
                state.isCut = isCut
                state.table = table
            }
        }
    }

    private static func table(_ items: [Entry]) -> Items {
        Items(ids: items.map(\.id.text), table: FeaturedItems(items.map(\.item)))
    }

    /// Nil for an item that the model knows, or of which it knows no feature.
    private static func entry(_ item: Item, for model: ModelSnapshot) -> Entry? {
        guard model.items.index(of: item.id) == nil, let featured = model.item(with: FeatureRecord(item)) else {
            return nil
        }
        return (ExactName(item.id), featured)
    }

    private static func users(
        unknownTo model: ModelSnapshot, _ store: any InteractionStore
    ) throws(StoreError) -> [ExactName: SparseFeatures] {
        var users: [ExactName: SparseFeatures] = [:]
        guard model.features?.users != nil else { return users }
        var last: String?
        while users.count < userLimit {
            let page = try store.users(after: last, limit: 10_000)
            guard let end = page.last else { break }
            for user in page where users.count < userLimit && model.index(ofUser: user.id) == nil {
                users[ExactName(user.id)] = model.userFeatures(of: FeatureRecord(user))
            }
            last = end.id
        }
        return users
    }
}
