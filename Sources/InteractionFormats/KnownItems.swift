public import InteractionStorage

/// The items that a store holds already, for the lengths of vectors: those of an import must be as long as theirs.
public struct KnownItems: Sendable {
    private static let pageSize = 50

    private var dimensions = VectorDimensions()
    private var holdsVectors = false
    /// Whose vectors have come in place of those that the store holds.
    private var replaced: Set<ExactName> = []
    /// What the import itself has brought that has vectors, as it stands last.
    private var brought: [ExactName: Item] = [:]
    private let find: @Sendable (String) throws(StoreError) -> Item?

    /// None.
    public init() {
        find = { _ in nil }
    }

    /// Those of `store`, all of which are read; blocks on I/O.
    public init(of store: any InteractionStore) throws(StoreError) {
        find = { id throws(StoreError) in try store.item(id) }
        var last: String?
        while true {
            let page = try store.items(after: last, limit: Self.pageSize)
            guard let end = page.last else { return }
            for item in page {
                dimensions.add(item)
                holdsVectors = holdsVectors || !item.vectors.isEmpty
            }
            last = end.id
        }
    }

    /// Takes an item in, or says which of its vectors is not as long as its namesakes; or lets go of one that is withdrawn.
    mutating func take(_ change: ItemChange) throws(StoreError) -> (name: String, detail: String)? {
        switch change {
        case .put(let item): return try take(item)
        case .withdraw(let id):
            if let earlier = try earlier(id) { replace(earlier) }
            return nil
        }
    }

    /// Takes an item in, or says which of its vectors is not as long as its namesakes.
    private mutating func take(_ item: Item) throws(StoreError) -> (name: String, detail: String)? {
        let earlier = try earlier(item.id)
        if let misfit = dimensions.misfit(of: item, replacing: earlier) { return misfit }
        if let earlier { replace(earlier) }
        dimensions.add(item)
        if !item.vectors.isEmpty {
            // Of it only the lengths of its vectors are asked for.
            brought[ExactName(item.id)] = Item(id: item.id, vectors: item.vectors)
        }
        return nil
    }

    /// The item of that name as it is before this line: what the import has brought of it, or what the store holds where vectors are
    /// held.
    private func earlier(_ id: String) throws(StoreError) -> Item? {
        let name = ExactName(id)
        if let item = brought[name] { return item }
        return holdsVectors && !replaced.contains(name) ? try find(id) : nil
    }

    /// Forgets an item that is there no more.
    private mutating func replace(_ earlier: Item) {
        guard !earlier.vectors.isEmpty else { return }
        let name = ExactName(earlier.id)
        dimensions.remove(earlier)
        brought[name] = nil
        replaced.insert(name)
    }
}
