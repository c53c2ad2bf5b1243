internal import Glibc

/// How well held-out items were ranked, averaged over the users who have any.
///
/// With `H` the held-out items of a user and `rank` counted from 0: hit rate is whether any rank is below the cutoff K;
/// recall divides the hits by |H|, precision by K; NDCG is Σ 1/log₂(rank + 2) over the hits, divided by its greatest
/// possible value; average precision is the mean of precision at each hit, over min(|H|, K); reciprocal rank is
/// 1/(best rank + 1), without a cutoff. For leave-one-out these are the measures of He et al. 2017.
public struct RankingMetrics: Sendable, Equatable {
    /// How many users were measured.
    public private(set) var users = 0
    /// The cutoffs measured at, ascending.
    public let cutoffs: [Int]
    private var sums: [Sums]
    private var reciprocalRanks = 0.0

    /// The sums over users at one cutoff.
    private struct Sums: Equatable {
        var hits = 0.0
        var ndcg = 0.0
        var recall = 0.0
        var precision = 0.0
        var averagePrecision = 0.0
    }

    /// No users yet.
    init(cutoffs: [Int]) {
        self.cutoffs = Set(cutoffs.filter { $0 > 0 }).sorted()
        sums = Array(repeating: Sums(), count: self.cutoffs.count)
    }

    /// Adds a user whose held-out items have these ranks, ascending, from 0.
    mutating func add(ranks: [Int]) {
        guard let best = ranks.first else { return }
        users += 1
        reciprocalRanks += 1 / Double(best + 1)
        for (index, cutoff) in cutoffs.enumerated() {
            let hits = ranks.prefix { $0 < cutoff }
            let reachable = min(ranks.count, cutoff)
            let gain = hits.reduce(0) { $0 + 1 / log2(Double($1 + 2)) }
            let ideal = (0..<reachable).reduce(0) { $0 + 1 / log2(Double($1 + 2)) }
            let precisions = hits.enumerated().reduce(0) { $0 + Double($1.offset + 1) / Double($1.element + 1) }
            sums[index].hits += hits.isEmpty ? 0 : 1
            sums[index].ndcg += gain / ideal
            sums[index].recall += Double(hits.count) / Double(ranks.count)
            sums[index].precision += Double(hits.count) / Double(cutoff)
            sums[index].averagePrecision += precisions / Double(reachable)
        }
    }

    /// Adds the users of `other`, which has the same cutoffs.
    mutating func merge(_ other: RankingMetrics) {
        precondition(cutoffs == other.cutoffs)
        users += other.users
        reciprocalRanks += other.reciprocalRanks
        for index in sums.indices {
            sums[index].hits += other.sums[index].hits
            sums[index].ndcg += other.sums[index].ndcg
            sums[index].recall += other.sums[index].recall
            sums[index].precision += other.sums[index].precision
            sums[index].averagePrecision += other.sums[index].averagePrecision
        }
    }

    /// The share of users with a held-out item among their first `cutoff`; `cutoff` must be one of ``cutoffs``.
    public func hitRate(at cutoff: Int) -> Double { mean(\.hits, at: cutoff) }

    /// Normalised discounted cumulative gain at `cutoff`, which must be one of ``cutoffs``.
    public func ndcg(at cutoff: Int) -> Double { mean(\.ndcg, at: cutoff) }

    /// The share of held-out items among the first `cutoff`, which must be one of ``cutoffs``.
    public func recall(at cutoff: Int) -> Double { mean(\.recall, at: cutoff) }

    /// The share of the first `cutoff` that was held out; `cutoff` must be one of ``cutoffs``.
    public func precision(at cutoff: Int) -> Double { mean(\.precision, at: cutoff) }

    /// Mean average precision at `cutoff`, which must be one of ``cutoffs``.
    public func meanAveragePrecision(at cutoff: Int) -> Double { mean(\.averagePrecision, at: cutoff) }

    /// Mean reciprocal rank of each user's best held-out item, without a cutoff.
    public var mrr: Double { users == 0 ? 0 : reciprocalRanks / Double(users) }

    private func mean(_ sum: KeyPath<Sums, Double>, at cutoff: Int) -> Double {
        guard let index = cutoffs.firstIndex(of: cutoff) else {
            preconditionFailure("\(cutoff) is not among the cutoffs \(cutoffs)")
        }
        return users == 0 ? 0 : sums[index][keyPath: sum] / Double(users)
    }

    /// Every figure by name, such as `ndcg_at_10`, for a manifest or an answer.
    public var byName: [String: Double] {
        var figures = ["mrr": mrr, "users": Double(users)]
        for cutoff in cutoffs {
            figures["hit_rate_at_\(cutoff)"] = hitRate(at: cutoff)
            figures["ndcg_at_\(cutoff)"] = ndcg(at: cutoff)
            figures["recall_at_\(cutoff)"] = recall(at: cutoff)
            figures["precision_at_\(cutoff)"] = precision(at: cutoff)
            figures["map_at_\(cutoff)"] = meanAveragePrecision(at: cutoff)
        }
        return figures
    }
}
