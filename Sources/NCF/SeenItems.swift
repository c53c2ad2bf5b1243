/// What each user has interacted with, as compressed sparse rows in order of time.
struct SeenItems: Sendable {
    /// Where each user's items begin; one more entry than there are users.
    let offsets: FrozenArray<UInt64>
    /// Item indices.
    let items: FrozenArray<Int32>
    /// For each of ``items`` what its user thinks of it (``SeenItem/Opinion``); nil where all are liked.
    let opinions: FrozenArray<UInt8>?
    /// What the interaction of each counts, 0 of those not liked; nil where all count alike in a history.
    let weights: FrozenArray<Float>?

    /// - Parameter hasWeights: Whether an item counts in a history by what its interaction does.
    init(dataset: InteractionDataset, hasWeights: Bool = false) {
        offsets = FrozenArray(dataset.userOffsets.map(UInt64.init))
        items = FrozenArray(dataset.items)
        let areLiked = dataset.weights.allSatisfy { $0 > 0 }
        opinions = areLiked ? nil : FrozenArray(dataset.weights.map { SeenItem.Opinion(weight: $0).rawValue })
        weights = hasWeights ? FrozenArray(dataset.weights.map { max(0, $0) }) : nil
    }

    /// Takes rows that were checked: ascending offsets that end at the number of items, and an opinion and a weight of each of them.
    init(
        offsets: FrozenArray<UInt64>, items: FrozenArray<Int32>, opinions: FrozenArray<UInt8>? = nil,
        weights: FrozenArray<Float>? = nil
    ) {
        self.offsets = offsets
        self.items = items
        self.opinions = opinions
        self.weights = weights
    }

    func items(of user: Int) -> [Int32] {
        Array(items[Int(offsets[user])..<Int(offsets[user + 1])])
    }

    /// The same with what is known of each.
    func list(of user: Int) -> [SeenItem] {
        (Int(offsets[user])..<Int(offsets[user + 1])).map { place in
            SeenItem(item: items[place], opinion: opinion(at: place), weight: weights?[place])
        }
    }

    /// Those of which the user thinks so.
    func items(of user: Int, _ opinion: SeenItem.Opinion) -> [Int32] {
        guard opinions != nil else { return opinion == .liked ? items(of: user) : [] }
        return (Int(offsets[user])..<Int(offsets[user + 1])).compactMap { place in
            self.opinion(at: place) == opinion ? items[place] : nil
        }
    }

    private func opinion(at place: Int) -> SeenItem.Opinion {
        guard let opinions else { return .liked }
        return SeenItem.Opinion(rawValue: opinions[place]) ?? .disliked
    }

    /// Runs `body` on a user's items where they lie; the pointer must not leave it.
    func withItems(of user: Int, _ body: (UnsafeBufferPointer<Int32>) -> Void) {
        let own = Int(offsets[user])..<Int(offsets[user + 1])
        unsafe items.withUnsafeBufferPointer { unsafe body(UnsafeBufferPointer(rebasing: $0[own])) }
    }
}

/// One item that a user has seen.
struct SeenItem: Sendable, Equatable {
    /// What an interaction says of its item, by what it counts; in files by these numbers.
    enum Opinion: UInt8, Sendable {
        /// It is in the user's history, and what the user's taste is known by.
        case liked = 0
        /// It is not recommended to the user.
        case disliked = 1
        /// It counts for nothing: neither in a history nor a dislike.
        case indifferent = 2

        init(weight: Float) { self = weight > 0 ? .liked : weight < 0 ? .disliked : .indifferent }

    }

    /// Its index.
    var item: Int32
    /// What the user thinks of it.
    var opinion: Opinion
    /// What its interaction counts, where it is liked and that is known.
    var weight: Float?

    /// What counts as much in a training.
    var evidence: Float {
        switch opinion {
        case .liked: weight ?? 1
        case .disliked: -1
        case .indifferent: 0
        }
    }
}
