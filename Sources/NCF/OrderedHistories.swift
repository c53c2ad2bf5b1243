/// Each user's selected items in the order of time, and where each item stands among them: how often, and how soon, items follow
/// each other.
struct OrderedHistories {
    /// Places of items among the selected ones, user after user.
    private var columns: [Int32] = []
    /// How many items of the user, also of those not selected, came before each.
    private var positions: [Int32] = []
    /// Where each user's end.
    private var ends: [Int] = []
    /// Where each selected item's occurrences begin.
    private var offsets: [Int]
    /// By item: the user, and where it stands in ``columns``.
    private var occurrences: [(user: Int32, index: Int)]
    private let longest: Int

    /// O(interactions).
    init(of dataset: InteractionDataset, _ selection: ItemSelection) {
        offsets = Array(repeating: 0, count: selection.items.count + 1)
        var longest = 0
        for user in 0..<dataset.userCount {
            let items = dataset.items(of: user)
            longest = max(longest, items.count)
            for (position, item) in items.enumerated() where selection.places[Int(item)] >= 0 {
                columns.append(selection.places[Int(item)])
                positions.append(Int32(position))
                offsets[Int(selection.places[Int(item)]) + 1] += 1
            }
            ends.append(columns.count)
        }
        self.longest = longest
        for place in selection.items.indices { offsets[place + 1] += offsets[place] }
        var next = offsets
        occurrences = Array(repeating: (0, 0), count: columns.count)
        var index = 0
        for (user, end) in ends.enumerated() {
            while index < end {
                let place = Int(columns[index])
                occurrences[next[place]] = (Int32(user), index)
                next[place] += 1
                index += 1
            }
        }
    }

    /// Adds to F_ij each user's weight times 2^(−d / reach) for item j d places after item i, and to the diagonal the weight.
    ///
    /// Time O(Σ n²) for histories of n items, where the reach is no less.
    func addFollowing(_ order: HistoryOrder, weights: [Float], to matrix: AlignedBuffer<Float>, loop: ParallelLoop) {
        let size = offsets.count - 1
        let factors = order.factors(longest: longest)
        loop.run(tasks: size) { _, place in
            let row = unsafe matrix.base + place * size
            for (user, index) in occurrences[offsets[place]..<offsets[place + 1]] {
                let weight = weights[Int(user)]
                unsafe row[place] += weight
                for later in index + 1..<max(index + 1, ends[Int(user)]) {
                    let distance = Int(positions[later] - positions[index])
                    guard distance < factors.count else { break }
                    unsafe row[Int(columns[later])] += weight * factors[distance]
                }
            }
        }
    }
}
