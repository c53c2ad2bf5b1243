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
}
