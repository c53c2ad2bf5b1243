/// What each user has interacted with, as compressed sparse rows in order of time.
struct SeenItems: Sendable {
    /// Where each user's items begin; one more entry than there are users.
    let offsets: FrozenArray<UInt64>
    /// Item indices.
    let items: FrozenArray<Int32>
    /// For each of ``items`` whether it was disliked, as 1 or 0; nil where nothing was.
    let dislikes: FrozenArray<UInt8>?

    init(dataset: InteractionDataset) {
        offsets = FrozenArray(dataset.userOffsets.map(UInt64.init))
        items = FrozenArray(dataset.items)
        dislikes = dataset.hasDislikes ? FrozenArray(dataset.weights.map { $0 < 0 ? 1 : 0 }) : nil
    }

    /// Takes rows that were checked: ascending offsets that end at the number of items, and a mark for each of them.
    init(offsets: FrozenArray<UInt64>, items: FrozenArray<Int32>, dislikes: FrozenArray<UInt8>? = nil) {
        self.offsets = offsets
        self.items = items
        self.dislikes = dislikes
    }

    func items(of user: Int) -> [Int32] {
        Array(items[Int(offsets[user])..<Int(offsets[user + 1])])
    }

    /// The same with what is known of each.
    func list(of user: Int) -> [SeenItem] {
        (Int(offsets[user])..<Int(offsets[user + 1])).map { place in
            SeenItem(item: items[place], isDisliked: dislikes.map { $0[place] != 0 } ?? false)
        }
    }

    /// Those that were disliked, or those that were not.
    func items(of user: Int, disliked: Bool) -> [Int32] {
        guard let dislikes else { return disliked ? [] : items(of: user) }
        return (Int(offsets[user])..<Int(offsets[user + 1])).compactMap { place in
            (dislikes[place] != 0) == disliked ? items[place] : nil
        }
    }

    /// Runs `body` on a user's items where they lie; the pointer must not leave it.
    func withItems(of user: Int, _ body: (UnsafeBufferPointer<Int32>) -> Void) {
        let own = Int(offsets[user])..<Int(offsets[user + 1])
        unsafe items.withUnsafeBufferPointer { unsafe body(UnsafeBufferPointer(rebasing: $0[own])) }
    }
}

/// One item that a user has seen.
struct SeenItem: Sendable, Equatable {
    /// Its index.
    var item: Int32
    /// Whether the user disliked it.
    var isDisliked: Bool
}
