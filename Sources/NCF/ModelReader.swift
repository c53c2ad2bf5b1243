/// One loop's own reference to the current model, re-read only when a publication has moved the generation.
///
/// Belongs to one thread; not shared. A request takes ``current()`` once and uses that model from beginning to end.
/// Versions never go back within one reader, except where an older version was published on purpose.
public struct ModelReader: ~Copyable {
    private let store: ModelStore
    private var cached: ModelStore.Publication?

    /// A reader of what `store` publishes.
    public init(_ store: ModelStore) {
        self.store = store
        cached = store.publication
    }

    /// The model that serves now; nil before the first publication. One relaxed load while nothing was published.
    public mutating func current() -> ModelSnapshot? {
        // The generation follows the exchange. Should this thread see the one before the other, it looks again next time;
        // what it reads from the one reference never goes back.
        if cached?.generation ?? 0 != store.generation { cached = store.publication }
        return cached?.snapshot
    }
}
