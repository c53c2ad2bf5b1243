import Testing

@testable import NCF

@Suite("What a trial gained, by user")
struct HoldoutGainsTests {
    private let data: HeldOutData = {
        let split = randomDataset(users: 150, items: 60, perUser: 12, rated: true, seed: 5).ownSplit(fold: 1, seed: 2)
        return HeldOutData(train: split.train, holdout: split.holdout)
    }()

    private func gains(_ values: [Double]) -> HoldoutGains { HoldoutGains(gains: values) }

    @Test("ranking is NDCG@10 in the full catalogue, for any number of threads", arguments: [1, 2, 3])
    func ranking(threads: Int) {
        let scorer = PopularityScorer(dataset: data.train)
        let gains = HoldoutGains(of: scorer, on: data, isRating: false, loop: ParallelLoop(threads: threads))
        let metrics = Evaluation.ranking(
            scorer: scorer, train: data.train, holdout: data.holdout, cutoffs: [10], protocol: .fullCatalogue)
        #expect(abs(gains.figure - metrics.ndcg(at: 10)) < 1e-12)
        #expect(gains.gains.count == data.measuredUsers.count)
    }

    /// Gives item 0 the best score, then item 1 and so on.
    private struct InOrder: Scorer {
        let itemCount: Int
        func score(user: Int, items: [Int32]) -> [Float] { items.map { -Float($0) } }
        func score(user: Int, into scores: inout MutableSpan<Float>) {
            for item in 0..<itemCount { scores[item] = -Float(item) }
        }
    }

    @Test("what is held out counts by its worth, and more than ten ranks down for nothing")
    func worth() {
        var builder = InteractionDataset.Builder()
        for item in 0..<20 {
            builder.add(userID: item < 19 ? "other" : "user", itemID: "\(item)", rating: nil, timestamp: 0)
        }
        let train = builder.build()
        // Ranks 1 (worth 2), 3 (worth 6) and 14 (worth 1).
        let holdout = Holdout(
            items: [[], [3, 14, 1]], ratings: [[], [.nan, .nan, .nan]], relevances: [[], [6, 1, 2]])
        let gains = HoldoutGains(
            of: InOrder(itemCount: train.itemCount), on: HeldOutData(train: train, holdout: holdout), isRating: false,
            loop: ParallelLoop(threads: 1))
        // (2 / log2(3) + 6 / log2(5)) / (6 / log2(2) + 2 / log2(3) + 1 / log2(4))
        let expected = (2 / 1.5849625 + 6 / 2.3219281) / (6 + 2 / 1.5849625 + 1.0 / 2)
        #expect(gains.gains.count == 1 && abs(gains.figure - expected) < 1e-6, "\(gains.figure)")
    }

    @Test("a user of whom more important things are held out counts more, and equal importances change nothing")
    func importance() {
        var builder = InteractionDataset.Builder()
        for item in 0..<20 { builder.add(userID: "\(item / 10)", itemID: "\(item)", rating: nil, timestamp: 0) }
        let train = builder.build()
        func gains(_ importances: [Float]?) -> HoldoutGains {
            let holdout = Holdout(
                items: [[10], [3]], ratings: [[.nan], [.nan]], relevances: [[5], [5]], importances: importances)
            return HoldoutGains(
                of: InOrder(itemCount: train.itemCount), on: HeldOutData(train: train, holdout: holdout),
                isRating: false, loop: ParallelLoop(threads: 1))
        }
        // What is left of the catalogue begins with the first user's, and has three before the second's.
        let second = 1 / 2.321928094887362
        #expect(gains(nil).gains == [1, second])
        #expect(gains([2, 2]).gains == gains(nil).gains)
        let (first, last) = (gains([5, 1]).gains[0], gains([5, 1]).gains[1])
        #expect(abs(first - 5.0 / 3) < 1e-12 && abs(last - second / 3) < 1e-12)
    }

    @Test("nobody counts more than ten times as much as the median user, or less than a tenth")
    func bounded() {
        var builder = InteractionDataset.Builder()
        for user in 0..<4 { builder.add(userID: "\(user)", itemID: "\(user)", rating: nil, timestamp: 0) }
        builder.add(userID: "3", itemID: "4", rating: nil, timestamp: 0)
        let train = builder.build()
        let holdout = Holdout(
            items: [[1], [0], [0], [0]], ratings: [[.nan], [.nan], [.nan], [.nan]],
            relevances: [[1], [1], [1], [1]], importances: [1, 1, 0.001, 1_000_000])
        let gains = HoldoutGains(
            of: InOrder(itemCount: train.itemCount), on: HeldOutData(train: train, holdout: holdout), isRating: false,
            loop: ParallelLoop(threads: 1)
        ).gains
        // Everybody's is found first.
        let shares = [1, 1, 0.1, 10].map { $0 * 4 / 12.1 }
        #expect(zip(gains, shares).allSatisfy { abs($0 - $1) < 1e-9 }, "\(gains)")
    }

    @Test("what is held out to choose by is worth its weight, and of the latest the first is worth most")
    func worths() {
        var builder = InteractionDataset.Builder()
        for user in 0..<30 {
            for time in 1...30 {
                builder.add(
                    userID: "\(user)", itemID: "\(time)", rating: nil, weight: user < 15 ? 1 : 4,
                    timestamp: Int64(time))
            }
        }
        let (_, holdout) = builder.build().ownSplit(fold: 0, seed: 1)
        for user in holdout.items.indices where !holdout.items[user].isEmpty {
            let weight: Float = user < 15 ? 1 : 4
            #expect(holdout.relevances?[user] == [weight, weight / 2, weight / 3])
            #expect(holdout.importances.map { abs($0[user] - weight) < 1e-6 } == true)
        }
        // Of one time none comes first.
        var tied = InteractionDataset.Builder()
        for user in 0..<30 {
            for time in 1...30 {
                tied.add(userID: "\(user)", itemID: "\(time)", rating: nil, timestamp: Int64(time / 2))
            }
        }
        let ties = tied.build().ownSplit(fold: 0, seed: 1).holdout
        let third = (1 + 1.0 / 2) / 2
        for shares in ties.relevances ?? [] where !shares.isEmpty {
            // 30 is alone with its time, 28 and 29 share theirs.
            #expect(zip(shares, [third, third, 1.0 / 3]).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(shares)")
        }
        let random = builder.build().ownSplit(fold: 1, seed: 1).holdout
        #expect(random.relevances?[20] == [4, 4, 4] && random.importances?[20] == 4)
    }

    @Test("ratings are told as RMSE")
    func ratings() {
        let scorer = ItemMeanScorer(dataset: data.train)
        let gains = HoldoutGains(of: scorer, on: data, isRating: true, loop: ParallelLoop(threads: 1))
        let metrics = Evaluation.rating(scorer: scorer, holdout: data.holdout, range: data.train.ratingRange)
        #expect(abs(gains.figure - metrics.rmse) < 1e-12)
        #expect(gains.mean < 0)
    }

    @Test("what is won for the first users is set against what is lost for the others, as shares")
    func outweighing() {
        let base = gains([0.1, 0.1, 0.4, 0.4])
        #expect(gains([0.2, 0.2, 0.3, 0.3]).outweigh(base, gainingFirst: 2))
        #expect(!gains([0.2, 0.2, 0.1, 0.1]).outweigh(base, gainingFirst: 2))
        #expect(!gains([0.11, 0.11, 0.3, 0.3]).outweigh(base, gainingFirst: 2))
        #expect(gains([0.1, 0.1]).outweigh(gains([0.2, 0.2]), gainingFirst: 2))
    }

    @Test("a lead counts when it is greater than the standard error of the difference")
    func clearly() {
        let base = gains([0.1, 0.2, 0.3, 0.4])
        // Better for everybody by the same: no error at all.
        #expect(gains([0.2, 0.3, 0.4, 0.5]).areClearlyBetter(than: base))
        // Differences 0.4, 0, 0, 0: the mean is 0.1, and so is the error.
        #expect(!gains([0.5001, 0.2, 0.3, 0.4]).areClearlyBetter(than: base, errors: 1.01))
        #expect(gains([0.5, 0.2, 0.3, 0.4]).areClearlyBetter(than: base, errors: 0.9))
        #expect(!base.areClearlyBetter(than: base) && !base.areClearlyBetter(than: gains([0.2, 0.3, 0.4, 0.5])))
        #expect(!gains([1]).areClearlyBetter(than: gains([0])) && !gains([]).areClearlyBetter(than: gains([])))
    }

    @Test("each half of the users is measured at the epoch that the other half picks")
    func crossed() throws {
        var curve = EpochCurve()
        curve.append(gains([0.5, 0.5, 0.5, 0.5]))
        // Users 0 and 2 like this epoch, 1 and 3 the next; all together the last best.
        curve.append(gains([0.9, 0.0, 0.9, 0.1]))
        curve.append(gains([0.2, 0.9, 0.2, 0.9]))
        #expect(curve.best == 2)
        let crossed = try #require(curve.crossed)
        #expect(crossed.gains == [0.2, 0.0, 0.2, 0.1])
    }

    @Test("one epoch is measured as it is, none not at all")
    func curves() {
        var curve = EpochCurve()
        #expect(curve.best == nil && curve.crossed == nil)
        curve.append(gains([0.5, 0.25]))
        #expect(curve.best == 0 && curve.crossed?.gains == [0.5, 0.25])
        curve.append(gains([.nan, .nan]))
        #expect(curve.best == 0 && curve.crossed?.gains == [0.5, 0.25])
    }
}
