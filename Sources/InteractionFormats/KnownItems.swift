public import InteractionStorage

/// The items that a store holds already, for the lengths of vectors: those of an import must be as long as theirs.
public struct KnownItems: Sendable {
    private static let pageSize = 50

    private var dimensions = VectorDimensions()
    private var holdsVectors = false
    /// Whose vectors have come in place of those that the store holds.
    private var replaced: Set<ExactName> = []
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
            if let earlier = try stored(id) { replace(earlier) }
            return nil
        }
    }

    /// Takes an item in, or says which of its vectors is not as long as its namesakes.
    private mutating func take(_ item: Item) throws(StoreError) -> (name: String, detail: String)? {
        let earlier = try stored(item.id)
        if let misfit = dimensions.misfit(of: item, replacing: earlier) { return misfit }
        if let earlier { replace(earlier) }
        dimensions.add(item)
        return nil
    }

    /// The item of that name that the store holds, unless the import has come to it before, or no vectors are held.
    private func stored(_ id: String) throws(StoreError) -> Item? {
        holdsVectors && !replaced.contains(ExactName(id)) ? try find(id) : nil
    }

    /// Forgets an item of the store's.
    private mutating func replace(_ earlier: Item) {
        guard !earlier.vectors.isEmpty else { return }
        dimensions.remove(earlier)
        replaced.insert(ExactName(earlier.id))
    }
}
