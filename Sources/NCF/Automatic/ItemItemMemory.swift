/// What ``ItemItemRegression`` found for one dataset, for who trains on it several times: a search varies other settings more
/// often, and beside a regression of thousands of items everything else is cheap.
///
/// Not for several threads at once. Memory 8 · items · rank bytes for each result that is kept.
final class ItemItemMemory {
    /// Of neighbours the rank is how many there are.
    private struct Question: Equatable {
        var regularization: Double
        var order: HistoryOrder?
        var evidence: HistoryEvidence
        var featureWeight: Double
        var rank: Int
        var seed: UInt64
    }

    private let limit: Int
    private var neighbours: (question: Question, columns: NeighbourRegression.Columns)?
    /// The one that was used last comes last.
    private var answers: [(question: Question, factors: ItemItemFactors)] = []

    /// Keeps the `limit` results that were used last: two are those of the rules' penalty and of one that is tried beside it.
    init(limit: Int = 2) { self.limit = limit }

    /// What `regression`, which must be of this memory's dataset, finds; nil where `isCancelled` said so. The last result is kept.
    func neighbours(
        of regression: NeighbourRegression, isCancelled: () -> Bool
    ) -> NeighbourRegression.Columns? {
        let question = Question(
            regularization: Double(regression.penalty), order: regression.order, evidence: regression.evidence,
            featureWeight: regression.features == nil ? 0 : regression.featureWeight, rank: regression.neighbours,
            seed: 0)
        if let neighbours, neighbours.question == question { return neighbours.columns }
        guard let columns = regression.columns(isCancelled: isCancelled) else { return nil }
        if limit > 0 { neighbours = (question, columns) }
        return columns
    }

    /// The factors of `regression`, which must be of this memory's dataset; nil where `isCancelled` said so.
    func factors(of regression: ItemItemRegression, rank: Int, isCancelled: () -> Bool) -> ItemItemFactors? {
        let question = Question(
            regularization: regression.regularization, order: regression.order, evidence: regression.evidence,
            featureWeight: regression.features == nil ? 0 : regression.featureWeight, rank: rank, seed: regression.seed)
        let known = answers.firstIndex { $0.question == question }.map { answers.remove(at: $0).factors }
        guard let factors = known ?? regression.factors(rank: rank, isCancelled: isCancelled) else { return nil }
        answers.append((question, factors))
        if answers.count > limit { answers.removeFirst() }
        return factors
    }
}
