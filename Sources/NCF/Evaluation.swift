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
        return measure(
            scorer: scorer, train: train, holdout: holdout, cutoffs: cutoffs, protocol: rankingProtocol, listLength: 0
        ).ranking
    }

    /// Ranks as ``ranking(scorer:train:holdout:cutoffs:protocol:)`` does over the whole catalogue, and in the same pass
    /// takes what each of the measured users would have been recommended, training items left out as in serving.
    ///
    /// - Parameter listLength: How many items a list has at most. There are lists of ``listLimit`` users at most.
    public static func fullCatalogue(
        scorer: any Scorer, train: InteractionDataset, holdout: Holdout, cutoffs: [Int], listLength: Int
    ) -> (ranking: RankingMetrics, lists: [[Int32]]) {
        measure(
            scorer: scorer, train: train, holdout: holdout, cutoffs: cutoffs, protocol: .fullCatalogue,
            listLength: listLength)
    }

    /// Of how many users, at most, the lists are looked at: the first ones measured.
    public static let listLimit = 10_000

    private static func measure(
        scorer: any Scorer, train: InteractionDataset, holdout: Holdout, cutoffs: [Int],
        protocol rankingProtocol: RankingProtocol, listLength: Int
    ) -> (ranking: RankingMetrics, lists: [[Int32]]) {
        let parts = inChunks(of: holdout) { users in
            var (metrics, lists) = (RankingMetrics(cutoffs: cutoffs), [[Int32]]())
            var ranker = HoldoutRanker(scorer: scorer, train: train, holdout: holdout, protocol: rankingProtocol)
            ranker.listLength = listLength
            for result in ranker.ranks(of: users) {
                metrics.add(ranks: result.ranks, negatives: result.negatives)
                if !result.list.isEmpty { lists.append(result.list) }
            }
            return (metrics, lists)
        }
        var total = RankingMetrics(cutoffs: cutoffs)
        var lists: [[Int32]] = []
        for (metrics, some) in parts {
            total.merge(metrics)
            lists += some.prefix(max(0, listLimit - lists.count))
        }
        return (total, lists)
    }

    /// Compares predictions with the held-out ratings; interactions without a rating are left out.
    ///
    /// - Parameter range: The scale of the data, to which predictions are clamped as in serving.
    public static func rating(
        scorer: any Scorer, holdout: Holdout, range: ClosedRange<Float>? = nil
    ) -> RatingMetrics {
        let parts = inChunks(of: holdout) { users in
            var metrics = RatingMetrics()
            for user in users {
                let predictions = scorer.ratings(user: user, items: holdout.items[user])
                let rated = holdout.ratings[user].indices.filter { !holdout.ratings[user][$0].isNaN }
                metrics.add(
                    predicted: rated.map { predictions[$0].clamped(to: range) },
                    actual: rated.map { holdout.ratings[user][$0] })
            }
            return metrics
        }
        return parts.reduce(into: RatingMetrics()) { $0.merge($1) }
    }

    // Sums are formed per chunk and then in chunk order, so that the number of threads cannot change a digit.
    private static let usersPerChunk = 64

    private static func inChunks<Part: Sendable>(
        of holdout: Holdout, _ measure: @Sendable ([Int]) -> Part
    ) -> [Part] {
        // Of those of whom nothing is held out there is nothing to measure, and what is left is scored together.
        let users = holdout.items.indices.filter { !holdout.items[$0].isEmpty }
        let count = (users.count + usersPerChunk - 1) / usersPerChunk
        let parts = Lock<[Part?]>(Array(repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { chunk in
            let start = chunk * usersPerChunk
            let part = measure(Array(users[start..<min(start + usersPerChunk, users.count)]))
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
