/// Predicts an item's mean rating, whoever asks: the yardstick that a rating model has to beat.
public struct ItemMeanScorer: Scorer {
    private let means: [Float]

    /// Takes the means of `dataset`; an item without ratings gets the mean of all.
    public init(dataset: InteractionDataset) {
        var sums = [Double](repeating: 0, count: dataset.itemCount)
        var counts = [Double](repeating: 0, count: dataset.itemCount)
        for (item, rating) in zip(dataset.items, dataset.ratings) where !rating.isNaN {
            sums[Int(item)] += Double(rating)
            counts[Int(item)] += 1
        }
        let total = counts.reduce(0, +)
        let mean = total > 0 ? sums.reduce(0, +) / total : 0
        means = zip(sums, counts).map { sum, count in Float(count > 0 ? sum / count : mean) }
    }

    /// How many items the catalogue has.
    public var itemCount: Int { means.count }

    /// Writes every item's mean.
    public func score(user: Int, into scores: inout MutableSpan<Float>) {
        for item in means.indices { scores[item] = means[item] }
    }

    /// The means of a few items.
    public func score(user: Int, items: [Int32]) -> [Float] {
        items.map { means[Int($0)] }
    }
}
