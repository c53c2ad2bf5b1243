internal import Dispatch
internal import Locking

/// Measures a scorer on what was held out of its training, in parallel over users, with results that repeat exactly.
public enum Evaluation {
    /// What a held-out item is ranked against.
    public enum RankingProtocol: Sendable, Equatable {
        /// So many random items without interaction, drawn per user from the seed: the same for every scorer.
        case sampled(_ negatives: Int, seed: UInt64)
        /// The items that ``Holdout/negatives`` prescribes (the protocol of He et al. 2017). Where a held-out item is
        /// among them it is counted once.
        case fixedNegatives
        /// Every item of the catalogue but those of the user's training interactions, as in serving.
        case fullCatalogue
    }

    /// Ranks the held-out items of every user; among equal scores a held-out item comes last.
    ///
    /// - Parameters:
    ///   - train: What the scorer was trained on; same index space as `holdout`.
    ///   - cutoffs: Where to measure; 0 and less are ignored.
    public static func ranking(
        scorer: any Scorer, train: InteractionDataset, holdout: Holdout, cutoffs: [Int],
        protocol rankingProtocol: RankingProtocol
    ) -> RankingMetrics {
        precondition(rankingProtocol != .fixedNegatives || holdout.negatives != nil, "the holdout has no negatives")
        let parts = inChunks(of: holdout) { users in
            var metrics = RankingMetrics(cutoffs: cutoffs)
            var ranker = HoldoutRanker(scorer: scorer, train: train, holdout: holdout, protocol: rankingProtocol)
            for user in users { metrics.add(ranks: ranker.ranks(of: user)) }
            return metrics
        }
        return parts.reduce(into: RankingMetrics(cutoffs: cutoffs)) { $0.merge($1) }
    }

    /// Compares predictions with the held-out ratings; interactions without a rating are left out.
    ///
    /// - Parameter range: The scale of the data, to which predictions are clamped as in serving.
    public static func rating(
        scorer: any Scorer, holdout: Holdout, range: ClosedRange<Float>? = nil
    ) -> RatingMetrics {
        let parts = inChunks(of: holdout) { users in
            var metrics = RatingMetrics()
            for user in users where !holdout.items[user].isEmpty {
                let predictions = scorer.score(user: user, items: holdout.items[user])
                for (predicted, actual) in zip(predictions, holdout.ratings[user]) where !actual.isNaN {
                    metrics.add(predicted: predicted.clamped(to: range), actual: actual)
                }
            }
            return metrics
        }
        return parts.reduce(into: RatingMetrics()) { $0.merge($1) }
    }

    // Sums are formed per chunk and then in chunk order, so that the number of threads cannot change a digit.
    private static let usersPerChunk = 64

    private static func inChunks<Part: Sendable>(
        of holdout: Holdout, _ measure: @Sendable (Range<Int>) -> Part
    ) -> [Part] {
        let count = (holdout.items.count + usersPerChunk - 1) / usersPerChunk
        let parts = Lock<[Part?]>(Array(repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { chunk in
            let start = chunk * usersPerChunk
            let part = measure(start..<min(start + usersPerChunk, holdout.items.count))
            parts.withLock { $0[chunk] = part }
        }
        return parts.withLock { $0.compactMap(\.self) }
    }
}

extension Float {
    /// The nearest value in `range`; itself where there is no range.
    func clamped(to range: ClosedRange<Float>?) -> Float {
        guard let range else { return self }
        return Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
