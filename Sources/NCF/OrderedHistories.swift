/// Each user's selected items in the order of time, and where each item stands among them: how often, and how soon, items follow
/// each other.
struct OrderedHistories {
    /// Places of items among the selected ones, user after user.
    private var columns: [Int32] = []
    /// How many items of the user, also of those not selected, came before each.
    private var positions: [Int32] = []
    /// When each was.
    private var times: [Int64] = []
    /// What the interaction of each counts.
    private var interactionWeights: [Float] = []
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
                times.append(dataset.timestamps[dataset.userOffsets[user] + position])
                interactionWeights.append(dataset.weights[dataset.userOffsets[user] + position])
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

    /// Adds to F_ij each user's weight times 2^(−d / reach) for item j d places after item i, times what either counts, and to the
    /// diagonal the weight. Of items of one time, or without any, neither comes first: half goes either way.
    ///
    /// Time O(Σ n²) for histories of n items, where the reach is no less.
    func addFollowing(
        _ order: HistoryOrder, weights: [Float], _ evidence: HistoryEvidence = .none, to matrix: AlignedBuffer<Float>,
        loop: ParallelLoop
    ) {
        let size = offsets.count - 1
        let factors = order.factors(longest: longest)
        let own = evidence.isOn ? interactionWeights.map(evidence.factor) : []
        loop.run(tasks: size) { _, place in
            let row = unsafe matrix.base + place * size
            for (user, index) in occurrences[offsets[place]..<offsets[place + 1]] {
                let weight = weights[Int(user)] * (own.isEmpty ? 1 : own[index])
                unsafe row[place] += weight * (own.isEmpty ? 1 : own[index])
                func add(_ other: Int, distance: Int, share: Float) {
                    let both = weight * share * factors[distance]
                    unsafe row[Int(columns[other])] += own.isEmpty ? both : both * own[other]
                }
                let (start, end) = (user > 0 ? ends[Int(user) - 1] : 0, ends[Int(user)])
                var share: Float = 0.5
                for later in index + 1..<max(index + 1, end) {
                    if times[later] != times[index] { share = 1 }
                    let distance = Int(positions[later] - positions[index])
                    guard distance < factors.count else { break }
                    add(later, distance: distance, share: share)
                }
                for earlier in (start..<index).reversed() {
                    let distance = Int(positions[index] - positions[earlier])
                    guard times[earlier] == times[index], distance < factors.count else { break }
                    add(earlier, distance: distance, share: 0.5)
                }
            }
        }
    }
}
