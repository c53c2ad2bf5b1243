internal import Glibc

/// How well held-out items were ranked, averaged over the users who have any.
///
/// With `H` the held-out items of a user and `rank` counted from 0: hit rate is whether any rank is below the cutoff K;
/// recall divides the hits by |H|, precision by K; NDCG is Σ 1/log₂(rank + 2) over the hits, divided by its greatest
/// possible value; average precision is the mean of precision at each hit, over min(|H|, K); reciprocal rank is
/// 1/(best rank + 1), with and without a cutoff; AUC is the share of pairs of a held-out item and another candidate in
/// which the held-out one comes first. For leave-one-out these are the measures of He et al. 2017.
public struct RankingMetrics: Sendable, Equatable {
    /// The cutoffs measured at, ascending.
    public let cutoffs: [Int]
    private var sums: BlockSums

    /// What is summed up for each user, beside the figures at each cutoff.
    private enum Column {
        static let users = 0
        static let reciprocalRank = 1
        static let areaUnderCurve = 2
        static let usersWithCurve = 3
        static let first = 4
    }

    /// The figures at each cutoff.
    private enum Figure: Int, CaseIterable {
        case hitRate, ndcg, recall, precision, averagePrecision, reciprocalRank

        /// Its name in answers, before `_at_10`.
        var name: String {
            switch self {
            case .hitRate: "hit_rate"
            case .ndcg: "ndcg"
            case .recall: "recall"
            case .precision: "precision"
            case .averagePrecision: "map"
            case .reciprocalRank: "mrr"
            }
        }
    }

    /// No users yet.
    init(cutoffs: [Int]) {
        self.cutoffs = Set(cutoffs.filter { $0 > 0 }).sorted()
        sums = BlockSums(width: Column.first + self.cutoffs.count * Figure.allCases.count)
    }

    /// Adds a user whose held-out items have these ranks, ascending, from 0, among themselves and `negatives` others.
    mutating func add(ranks: [Int], negatives: Int = 0) {
        guard let best = ranks.first else { return }
        var figures = [1, 1 / Double(best + 1), 0, 0]
        if negatives > 0 {
            let before = ranks.enumerated().reduce(0) { $0 + ($1.element - $1.offset) }
            figures[Column.areaUnderCurve] = 1 - Double(before) / (Double(ranks.count) * Double(negatives))
            figures[Column.usersWithCurve] = 1
        }
        for cutoff in cutoffs { figures += Self.figures(ranks, at: cutoff) }
        sums.add(figures)
    }

    /// In the order of ``Figure``.
    private static func figures(_ ranks: [Int], at cutoff: Int) -> [Double] {
        let hits = ranks.prefix { $0 < cutoff }
        let reachable = min(ranks.count, cutoff)
        let gain = hits.reduce(0) { $0 + 1 / log2(Double($1 + 2)) }
        let ideal = (0..<reachable).reduce(0) { $0 + 1 / log2(Double($1 + 2)) }
        let precisions = hits.enumerated().reduce(0) { $0 + Double($1.offset + 1) / Double($1.element + 1) }
        return [
            hits.isEmpty ? 0 : 1, gain / ideal, Double(hits.count) / Double(ranks.count),
            Double(hits.count) / Double(cutoff), precisions / Double(reachable),
            hits.first.map { 1 / Double($0 + 1) } ?? 0,
        ]
    }

    /// Adds the users of `other`, which has the same cutoffs.
    mutating func merge(_ other: RankingMetrics) {
        precondition(cutoffs == other.cutoffs)
        sums.merge(other.sums)
    }

    /// How many users were measured.
    public var users: Int { sums.count }

    /// The share of users with a held-out item among their first `cutoff`; `cutoff` must be one of ``cutoffs``.
    public func hitRate(at cutoff: Int) -> Double { mean(.hitRate, at: cutoff) }

    /// Normalised discounted cumulative gain at `cutoff`, which must be one of ``cutoffs``.
    public func ndcg(at cutoff: Int) -> Double { mean(.ndcg, at: cutoff) }

    /// The share of held-out items among the first `cutoff`, which must be one of ``cutoffs``.
    public func recall(at cutoff: Int) -> Double { mean(.recall, at: cutoff) }

    /// The share of the first `cutoff` that was held out; `cutoff` must be one of ``cutoffs``.
    public func precision(at cutoff: Int) -> Double { mean(.precision, at: cutoff) }

    /// Mean average precision at `cutoff`, which must be one of ``cutoffs``.
    public func meanAveragePrecision(at cutoff: Int) -> Double { mean(.averagePrecision, at: cutoff) }

    /// Mean reciprocal rank of each user's best held-out item, 0 from `cutoff` on, which must be one of ``cutoffs``.
    public func mrr(at cutoff: Int) -> Double { mean(.reciprocalRank, at: cutoff) }

    /// Mean reciprocal rank of each user's best held-out item, without a cutoff.
    public var mrr: Double { Self.ratio(sums.totals, Column.reciprocalRank, Column.users) }

    /// Mean area under the curve, over the users with another candidate; a tie counts against the held-out item.
    public var auc: Double { Self.ratio(sums.totals, Column.areaUnderCurve, Column.usersWithCurve) }

    private func mean(_ figure: Figure, at cutoff: Int) -> Double {
        guard let index = cutoffs.firstIndex(of: cutoff) else {
            preconditionFailure("\(cutoff) is not among the cutoffs \(cutoffs)")
        }
        return Self.ratio(sums.totals, Self.column(figure, index), Column.users)
    }

    private static func column(_ figure: Figure, _ cutoffIndex: Int) -> Int {
        Column.first + cutoffIndex * Figure.allCases.count + figure.rawValue
    }

    private static func ratio(_ totals: [Double], _ column: Int, _ count: Int) -> Double {
        totals[count] == 0 ? 0 : totals[column] / totals[count]
    }
}

extension RankingMetrics {
    /// Every figure by name, such as `ndcg_at_10`, for a manifest or an answer.
    public var byName: [String: Double] {
        let totals = sums.totals
        var figures = ["users": Double(users)]
        for (name, column, count) in columns { figures[name] = Self.ratio(totals, column, count) }
        return figures
    }

    /// The interval of every figure by name.
    public func intervals(_ bootstrap: ConfidenceInterval.Bootstrap) -> [String: ConfidenceInterval] {
        let draws = sums.resampled(bootstrap.resamples, seed: bootstrap.seed)
        var intervals: [String: ConfidenceInterval] = [:]
        for (name, column, count) in columns {
            intervals[name] = ConfidenceInterval(
                of: draws.map { Self.ratio($0, column, count) }, confidence: bootstrap.confidence)
        }
        return intervals
    }

    /// Which column over which makes the figure of a name.
    private var columns: [(name: String, column: Int, count: Int)] {
        var columns = [
            (name: "mrr", column: Column.reciprocalRank, count: Column.users),
            (name: "auc", column: Column.areaUnderCurve, count: Column.usersWithCurve),
        ]
        for (index, cutoff) in cutoffs.enumerated() {
            for figure in Figure.allCases {
                columns.append(("\(figure.name)_at_\(cutoff)", Self.column(figure, index), Column.users))
            }
        }
        return columns
    }
}
