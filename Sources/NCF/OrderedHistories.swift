/// Each user's selected items in the order of time, and where each item stands among them: how often, and how soon, items follow
/// each other.
struct OrderedHistories {
    /// Places of items among the selected ones, user after user.
    private var columns: [Int32] = []
    /// How many items of the user, also of those not selected, came before each.
    private var positions: [Int32] = []
    /// Whether each is of one time with the one before it.
    private var isTied: [Bool] = []
    /// What each counts; empty where all count alike.
    private var own: [Float] = []
    /// Where each user's end.
    private var ends: [Int] = []
    /// Where each selected item's occurrences begin.
    private var offsets: [Int]
    /// By item: the user, and where it stands in ``columns``.
    private var occurrences: [(user: Int32, index: Int32)]
    private let longest: Int

    /// O(interactions).
    init(of dataset: InteractionDataset, _ selection: ItemSelection, _ evidence: HistoryEvidence = .none) {
        offsets = Array(repeating: 0, count: selection.items.count + 1)
        var longest = 0
        for user in 0..<dataset.userCount {
            let items = dataset.items(of: user)
            longest = max(longest, items.count)
            var last: Int64?
            for (position, item) in items.enumerated() where selection.places[Int(item)] >= 0 {
                let place = dataset.userOffsets[user] + position
                isTied.append(last == dataset.timestamps[place])
                last = dataset.timestamps[place]
                if evidence.isOn { own.append(evidence.factor(of: dataset.weights[place])) }
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
                occurrences[next[place]] = (Int32(user), Int32(index))
                next[place] += 1
                index += 1
            }
        }
    }

    /// Adds to F_ij each user's weight times 2^(−d / reach) for item j d places after item i, times what either counts, and to the
    /// diagonal the weight. Of items of one time, or without any, neither comes first: half goes either way.
    ///
    /// Time O(Σ n²) for histories of n items, where the reach is no less.
    func addFollowing(
        _ order: HistoryOrder, weights: [Float], to matrix: AlignedBuffer<Float>, loop: ParallelLoop
    ) {
        let size = offsets.count - 1
        let factors = order.factors(longest: longest)
        loop.run(tasks: size) { _, place in
            let row = unsafe matrix.base + place * size
            for occurrence in occurrences[offsets[place]..<offsets[place + 1]] {
                let (user, index) = (Int(occurrence.user), Int(occurrence.index))
                let weight = weights[user] * (own.isEmpty ? 1 : own[index])
                unsafe row[place] += weight * (own.isEmpty ? 1 : own[index])
                func add(_ other: Int, distance: Int, share: Float) {
                    let both = weight * share * factors[distance]
                    unsafe row[Int(columns[other])] += own.isEmpty ? both : both * own[other]
                }
                let (start, end) = (user > 0 ? ends[user - 1] : 0, ends[user])
                var share: Float = 0.5
                for later in index + 1..<max(index + 1, end) {
                    if !isTied[later] { share = 1 }
                    let distance = Int(positions[later] - positions[index])
                    guard distance < factors.count else { break }
                    add(later, distance: distance, share: share)
                }
                for earlier in (start..<index).reversed() {
                    let distance = Int(positions[index] - positions[earlier])
                    guard isTied[earlier + 1], distance < factors.count else { break }
                    add(earlier, distance: distance, share: 0.5)
                }
            }
        }
    }
}
