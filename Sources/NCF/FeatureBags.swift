/// Which features the rows of a table have beside their IDs, and how much each counts: a sparse matrix, rows × features.
///
/// Stored by row and by feature (compressed sparse rows of the matrix and of its transpose), since values are summed over
/// a row's features, and gradients over a feature's rows.
struct FeatureBags: Sendable {
    /// One way of reading the matrix.
    struct Side: Sendable {
        /// Where each one's entries begin; one more than there are.
        var offsets: [Int]
        /// Who is meant by each entry, on the other side.
        var indices: [Int32]
        var weights: [Float]

        var count: Int { offsets.count - 1 }

        func entries(of index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }
    }

    let byRow: Side
    let byFeature: Side
    /// What an entry counts, where all count the same; of histories what the newest item counts.
    let weight: Float
    /// What the entries of a history count.
    let counting: HistoryCounting

    /// Takes the rows' entries; O(entries + features).
    init(byRow: Side, featureCount: Int, weight: Float = 1, counting: HistoryCounting = HistoryCounting()) {
        self.byRow = byRow
        self.weight = weight
        self.counting = counting
        var offsets = [Int](repeating: 0, count: featureCount + 1)
        for feature in byRow.indices { offsets[Int(feature) + 1] += 1 }
        for feature in 0..<featureCount { offsets[feature + 1] += offsets[feature] }
        var byFeature = Side(
            offsets: offsets, indices: Array(repeating: 0, count: byRow.indices.count),
            weights: Array(repeating: 0, count: byRow.indices.count))
        for row in 0..<byRow.count {
            for entry in byRow.entries(of: row) {
                let feature = Int(byRow.indices[entry])
                byFeature.indices[offsets[feature]] = Int32(row)
                byFeature.weights[offsets[feature]] = byRow.weights[entry]
                offsets[feature] += 1
            }
        }
        self.byFeature = byFeature
    }

    /// Users and the items of their histories, every entry with the weight ``historyWeight(of:counting:)`` times what
    /// `counting` says; interactions without weight are in no history.
    init(histories dataset: InteractionDataset, counting: HistoryCounting = HistoryCounting()) {
        let weight = Self.historyWeight(of: dataset, counting: counting)
        self.init(
            byRow: Side(
                offsets: dataset.userOffsets, indices: dataset.items,
                weights: counting.factors(of: dataset).map { weight * $0 }),
            featureCount: dataset.itemCount, weight: weight, counting: counting)
    }

    /// One over the root of the mean length of a history: the sum over a typical one is then as long as its terms, and steps
    /// of one size suit IDs and features alike. Where they count
    /// differently a length is the sum of what they count, squared.
    static func historyWeight(
        of dataset: InteractionDataset, counting: HistoryCounting = HistoryCounting()
    ) -> Float {
        let length =
            counting.isOn
            ? Float(counting.factors(of: dataset).reduce(0.0) { $0 + Double($1 * $1) })
            : Float(dataset.interactionCount)
        return 1 / max(1, length / Float(max(1, dataset.userCount))).squareRoot()
    }
}
