/// What each user has interacted with, as compressed sparse rows in order of time.
struct SeenItems: Sendable {
    /// Where each user's items begin; one more entry than there are users.
    let offsets: FrozenArray<UInt64>
    /// Item indices.
    let items: FrozenArray<Int32>

    init(dataset: InteractionDataset) {
        offsets = FrozenArray(dataset.userOffsets.map(UInt64.init))
        items = FrozenArray(dataset.items)
    }

    /// Takes rows that were checked: ascending offsets that end at the number of items.
    init(offsets: FrozenArray<UInt64>, items: FrozenArray<Int32>) {
        self.offsets = offsets
        self.items = items
    }

    func items(of user: Int) -> [Int32] {
        Array(items[Int(offsets[user])..<Int(offsets[user + 1])])
    }

    /// Runs `body` on a user's items where they lie; the pointer must not leave it.
    func withItems(of user: Int, _ body: (UnsafeBufferPointer<Int32>) -> Void) {
        let own = Int(offsets[user])..<Int(offsets[user + 1])
        unsafe items.withUnsafeBufferPointer { unsafe body(UnsafeBufferPointer(rebasing: $0[own])) }
    }
}
