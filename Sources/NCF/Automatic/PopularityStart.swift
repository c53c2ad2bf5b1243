import Glibc

/// What is left of a closed form whose penalty lets no factor stay: every item's own log-odds, its popularity.
///
/// So popularity is a model like any other, named by ordinary settings, and can be published, served and trained again.
struct PopularityStart {
    /// Products of factors below this are no factors.
    private static let negligible: Float = 1e-12
    /// Added to every item's weight, so that one without interactions has log-odds too.
    private static let smoothing = 0.5

    let dataset: InteractionDataset
    let negativesPerPositive: Int

    /// Whether `factors` say nothing about anybody.
    static func isLeft(of factors: ImplicitFactors) -> Bool {
        func greatest(_ factors: AlignedBuffer<Float>) -> Float {
            var greatest: Float = 0
            for index in 0..<factors.count { greatest = max(greatest, abs(factors[index])) }
            return greatest
        }
        return !(greatest(factors.users) * greatest(factors.items) > negligible)
    }

    /// Gives the GMF branch no factors, and the items biases with which μ = 0 gives an interaction's log-odds among its
    /// negatives.
    ///
    /// - Returns: The mean loss.
    func write(to model: TrainableModel) -> Double {
        let (users, items) = (dataset.userCount, dataset.itemCount)
        model.users.setColumns(offset: 0, width: model.users.gmf, to: zeros(users * model.users.gmf))
        model.items.setColumns(offset: 0, width: model.items.gmf, to: zeros(items * model.items.gmf))
        let weights = itemWeights()
        let total = weights.reduce(0, +)
        // An item is a positive in proportion to its weight, and a negative as often as any other.
        let negatives = Double(negativesPerPositive) * total / Double(max(1, items))
        let logits = weights.map { log($0 / negatives) }
        model.items.setColumns(offset: model.items.gmf + model.items.mlp, width: 1, to: logits.map(Float.init))
        model.dense.set([0], at: model.dense.globalBiasOffset)
        let loss = zip(weights, logits).reduce(0) { sum, item in
            sum + item.0 * log1p(exp(-item.1)) + negatives * log1p(exp(item.1))
        }
        return loss / max(1, total + negatives * Double(items))
    }

    private func zeros(_ count: Int) -> [Float] { Array(repeating: 0, count: count) }

    private func itemWeights() -> [Double] {
        var weights = [Double](repeating: Self.smoothing, count: dataset.itemCount)
        for (item, weight) in zip(dataset.items, dataset.weights) { weights[Int(item)] += Double(max(0, weight)) }
        return weights
    }
}
