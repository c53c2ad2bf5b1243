import Glibc
import TestSupport
import Testing

@testable import NCF

@Suite("Evaluation")
struct EvaluationTests {
    private func dataset(_ histories: [[Int32]], items: Int) -> InteractionDataset {
        TableScorer.dataset(histories, items: items)
    }

    private func holdout(_ items: [[Int32]], negatives: [[Int32]]? = nil) -> Holdout {
        Holdout(items: items, ratings: items.map { $0.map { _ in .nan } }, negatives: negatives)
    }

    @Test("measures are those worked out by hand")
    func byHand() {
        var metrics = RankingMetrics(cutoffs: [3, 1, 3, 0])
        metrics.add(ranks: [])
        metrics.add(ranks: [0, 2, 7])
        metrics.add(ranks: [3])
        #expect(metrics.cutoffs == [1, 3] && metrics.users == 2)
        #expect(metrics.hitRate(at: 1) == 0.5 && metrics.hitRate(at: 3) == 0.5)
        #expect(abs(metrics.recall(at: 3) - (2.0 / 3) / 2) < 1e-12)
        #expect(abs(metrics.precision(at: 3) - (2.0 / 3) / 2) < 1e-12)
        #expect(metrics.precision(at: 1) == 0.5)
        #expect(abs(metrics.mrr - (1 + 0.25) / 2) < 1e-12)
        // Gains 1/log2(2) + 1/log2(4) of at most 1/log2(2) + 1/log2(3) + 1/log2(4).
        #expect(abs(metrics.ndcg(at: 3) - 1.5 / (1.5 + 1 / log2(3)) / 2) < 1e-12)
        // Precision 1 at the first hit, 2/3 at the second, over three reachable.
        #expect(abs(metrics.meanAveragePrecision(at: 3) - (1 + 2.0 / 3) / 3 / 2) < 1e-12)
    }

    @Test("no users measured is zero, not NaN")
    func nobody() {
        let metrics = RankingMetrics(cutoffs: [10])
        #expect(metrics.hitRate(at: 10) == 0 && metrics.mrr == 0 && metrics.users == 0)
    }

    @Test("in the whole catalogue training items are out of the way, and a tie counts against the held-out item")
    func fullCatalogue() {
        let scorer = TableScorer(table: [[9, 8, 5, 5, 1], [0, 0, 0, 0, 0]])
        let train = dataset([[0, 1], [0]], items: 5)
        let metrics = Evaluation.ranking(
            scorer: scorer, train: train, holdout: holdout([[2], [1]]), cutoffs: [1, 2, 4], protocol: .fullCatalogue)
        // User 0: items 3 (tied) and 4 remain, so rank 1. User 1: three remain, all tied, so rank 3.
        #expect(metrics.hitRate(at: 1) == 0 && metrics.hitRate(at: 2) == 0.5 && metrics.hitRate(at: 4) == 1)
        #expect(abs(metrics.mrr - (0.5 + 0.25) / 2) < 1e-12)
    }

    @Test("a held-out item among its own negatives counts once, a score of NaN comes last")
    func fixedNegatives() {
        let scorer = TableScorer(table: [[1, 5, 0, 0], [.nan, 1, 2, 3]])
        let metrics = Evaluation.ranking(
            scorer: scorer, train: dataset([[], []], items: 4),
            holdout: holdout([[1], [0]], negatives: [[1, 0, 1, 2], [1, 2]]), cutoffs: [1, 2, 3],
            protocol: .fixedNegatives)
        #expect(metrics.hitRate(at: 1) == 0.5 && metrics.hitRate(at: 2) == 0.5 && metrics.hitRate(at: 3) == 1)
    }

    @Test("sampled negatives are unseen, differ, and are the same for every scorer and run")
    func sampled() {
        // Item 9 is held out; 0 to 4 are trained on. All of the unseen score below it, all of the seen above.
        let table: [Float] = [9, 9, 9, 9, 9, 1, 1, 1, 1, 5]
        let train = dataset([[0, 1, 2, 3, 4]], items: 10)
        for count in [0, 1, 4, 5, 99] {
            let metrics = Evaluation.ranking(
                scorer: TableScorer(table: [table]), train: train, holdout: holdout([[9]]), cutoffs: [1],
                protocol: .sampled(count, seed: 3))
            #expect(metrics.hitRate(at: 1) == 1)
        }
        // A tie with every unseen item: the rank is the number of different negatives.
        let flat = Evaluation.ranking(
            scorer: TableScorer(table: [Array(repeating: 0, count: 10)]), train: train, holdout: holdout([[9]]),
            cutoffs: [4, 5], protocol: .sampled(99, seed: 3))
        #expect(flat.hitRate(at: 4) == 0 && flat.hitRate(at: 5) == 1)
    }

    @Test("agrees with the slow, obvious way on random data, and repeats", arguments: [21, 22, 23] as [UInt64])
    func oracle(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (users, items) = (150, 40)
        let train = ServingFixture.dataset(users: users, items: items, seed: seed)
        let table = (0..<users).map { _ in (0..<items).map { _ in Float(Int.random(in: 0..<9, using: &random)) } }
        let heldOut = (0..<users).map { user -> [Int32] in
            let unseen = Set(0..<Int32(items)).subtracting(train.items(of: user)).sorted()
            return Array(unseen.shuffled(using: &random).prefix(user % 4))
        }
        let metrics = Evaluation.ranking(
            scorer: TableScorer(table: table), train: train, holdout: holdout(heldOut), cutoffs: [5],
            protocol: .fullCatalogue)
        var (hits, measured) = (0, 0)
        for user in 0..<users where !heldOut[user].isEmpty {
            measured += 1
            let eligible = Set(0..<Int32(items)).subtracting(train.items(of: user))
            // Held-out items come last among equals.
            let ranking = eligible.sorted { left, right in
                let (a, b) = (table[user][Int(left)], table[user][Int(right)])
                return a > b || (a == b && !heldOut[user].contains(left) && heldOut[user].contains(right))
            }
            if ranking.prefix(5).contains(where: heldOut[user].contains) { hits += 1 }
        }
        #expect(metrics.users == measured)
        #expect(abs(metrics.hitRate(at: 5) - Double(hits) / Double(measured)) < 1e-12, "seed \(seed)")
        for rankingProtocol in [Evaluation.RankingProtocol.sampled(9, seed: seed), .fullCatalogue] {
            let runs = (0..<2).map { _ in
                Evaluation.ranking(
                    scorer: TableScorer(table: table), train: train, holdout: holdout(heldOut), cutoffs: [5],
                    protocol: rankingProtocol)
            }
            #expect(runs[0] == runs[1])
        }
    }

    @Test("popularity counts interactions")
    func popularity() {
        let scorer = PopularityScorer(dataset: dataset([[0, 2], [2]], items: 3))
        #expect(scorer.scores(user: 0) == [1, 0, 2])
        #expect(scorer.score(user: 1, items: [2, 0]) == [2, 1])
    }

    @Test("rating errors are those worked out by hand, on the data's scale, unrated interactions left out")
    func ratings() {
        let scorer = TableScorer(table: [[4, 9, 0], [2, 2, 2]])
        let holdout = Holdout(items: [[0, 1], [2, 0]], ratings: [[3, 5], [4, .nan]])
        let metrics = Evaluation.rating(scorer: scorer, holdout: holdout, range: 1...5)
        #expect(metrics.count == 3)
        #expect(abs(metrics.mse - (1.0 + 0 + 4) / 3) < 1e-12)
        #expect(abs(metrics.mae - 1) < 1e-12)
        #expect(abs(metrics.rmse * metrics.rmse - metrics.mse) < 1e-12)
        #expect(abs(Evaluation.rating(scorer: scorer, holdout: holdout).mse - (1.0 + 16 + 4) / 3) < 1e-12)
    }
}
