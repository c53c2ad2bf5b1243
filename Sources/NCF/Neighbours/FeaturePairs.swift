/// Pairs of items that share a feature, as ``FeatureCohesion`` has them, where there is no matrix of all pairs.
struct FeaturePairs: Sendable {
    /// Items that may have a feature which is looked at: of more a feature says little of each, and takes long.
    private static let mostItems = 2048

    private let cohesion: FeatureCohesion
    /// The items of each feature, and their weights; none of one of too many.
    private var members: [[(item: Int32, weight: Float)]]
    /// √g_i.
    private var roots: [Float] = []
    private var factors: [Float] = []

    init(_ cohesion: FeatureCohesion) {
        self.cohesion = cohesion
        members = Array(repeating: [], count: cohesion.featureCount)
        for (item, row) in cohesion.rows.enumerated() {
            for (index, weight) in zip(row.indices, row.weights) {
                members[Int(index)].append((Int32(item), weight))
            }
        }
        for feature in members.indices where members[feature].count > Self.mostItems { members[feature] = [] }
    }

    /// x_i Σ_{j≠i} x_j G_ij for each of the item's features.
    func products(of item: Int, with row: MeetingRow) -> [Double] {
        let features = cohesion.rows[item]
        return zip(features.indices, features.weights).map { index, weight in
            members[Int(index)].reduce(0.0) { $0 + Double(weight * $1.weight * row.meetings(Int($1.item))) }
        }
    }

    /// Learns what each feature is worth from ``products(of:with:)`` of all items.
    mutating func weigh(_ weight: Double, meetings: [Double], products: [[Double]]) {
        var sums = [Double](repeating: 0, count: members.count)
        for (row, products) in zip(cohesion.rows, products) {
            for (index, product) in zip(row.indices, products) { sums[Int(index)] += product / 2 }
        }
        for feature in members.indices where members[feature].isEmpty { sums[feature] = .nan }
        roots = meetings.map { Float($0.squareRoot()) }
        factors = cohesion.factors(weight: weight, meetings: meetings, products: sums)
    }

    /// What the features add to how often an item was there at all.
    func own(of item: Int) -> Float {
        let features = cohesion.rows[item]
        return zip(features.indices, features.weights).reduce(0) { sum, feature in
            let value = factors[Int(feature.0)] * feature.1 * roots[item]
            return sum + value * value
        }
    }

    /// Adds the pairs of an item; of an order, neither comes first.
    func add(_ item: Int, to row: MeetingRow, isOrdered: Bool) {
        let features = cohesion.rows[item]
        for (index, weight) in zip(features.indices, features.weights) where factors[Int(index)] > 0 {
            let factor = factors[Int(index)] * factors[Int(index)] * weight * roots[item]
            for member in members[Int(index)] where Int(member.item) != item {
                let value = factor * member.weight * roots[Int(member.item)]
                row.add(member.item, after: isOrdered ? value / 2 : value, before: isOrdered ? value / 2 : 0)
            }
        }
    }
}
