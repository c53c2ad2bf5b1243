/// The features of the items of a dataset, for a training whose closed form is to know them.
///
/// Items of few interactions are then drawn to what their features say; see ``ImplicitALS/draw(_:to:)``.
public struct ItemFeatures: Sendable {
    /// How many features there are.
    let featureCount: Int
    /// Those that one property tells, side by side: one range for each.
    let fields: [Range<Int>]
    /// The items that have any, by rising index.
    let members: [Int]
    /// What each of them has, in the same order.
    let rows: [SparseFeatures]

    /// - Parameter records: What is known of items, by their index in the dataset.
    /// - Returns: Nil where no item has a feature.
    public init?(_ records: [Int: FeatureRecord], settings: FeatureSettings) {
        let known = records.keys.sorted()
        self.init(FeatureVocabulary(of: known.compactMap { records[$0] }, settings: settings), records)
    }

    /// Those of `vocabulary`.
    init?(_ vocabulary: FeatureVocabulary, _ records: [Int: FeatureRecord]) {
        guard vocabulary.count > 0 else { return nil }
        var members: [Int] = []
        var rows: [SparseFeatures] = []
        for (member, record) in records.sorted(by: { $0.key < $1.key }) {
            let features = vocabulary.features(of: record)
            if features.isEmpty { continue }
            members.append(member)
            rows.append(features)
        }
        (featureCount, self.members, self.rows) = (vocabulary.count, members, rows)
        fields = vocabulary.ranges
    }

    /// Equal for equal features of equal items.
    var fingerprint: UInt64 {
        var checksum = PayloadChecksum()
        for (member, row) in zip(members, rows) {
            unsafe withUnsafeBytes(of: Int64(member)) { unsafe checksum.update($0) }
            unsafe row.indices.withUnsafeBytes { unsafe checksum.update($0) }
            unsafe row.weights.withUnsafeBytes { unsafe checksum.update($0) }
        }
        return checksum.finalize()
    }
}

extension ImplicitFactors {
    /// What the features of items say of their factors, and of which items; nil where they say nothing.
    func expected(
        by features: ItemFeatures, interactions: (Int) -> Int, isCancelled: () -> Bool
    ) -> (members: [Int], rows: AlignedBuffer<Float>)? {
        let squares = (0..<dimension).map { k in
            stride(from: k, to: users.count, by: dimension).reduce(Float(0)) { $0 + users[$1] * users[$1] }
        }
        let regression = FeatureRegression(
            rows: features.rows, counts: features.members.map(interactions), featureCount: features.featureCount,
            blocks: [0..<dimension], columnWeights: squares)
        let fit = regression.fit(
            target: { row in
                let start = features.members[row] * dimension
                return (start..<start + dimension).map { items[$0] }
            }, isCancelled: isCancelled)
        guard let fit, fit.explained[0] > 0 else { return nil }
        let expected = AlignedBuffer<Float>(count: features.members.count * dimension, repeating: 0)
        for (place, row) in features.rows.enumerated() {
            for k in 0..<dimension { expected[place * dimension + k] = fit.rows[k] }
            for (index, weight) in zip(row.indices, row.weights) {
                let start = (Int(index) + 1) * dimension
                for k in 0..<dimension { expected[place * dimension + k] += weight * fit.rows[start + k] }
            }
        }
        return (features.members, expected)
    }
}
