import Glibc

/// What training measures after each epoch to know when to stop; the full evaluation is ``Evaluation``'s.
///
/// For implicit feedback every held-out item is ranked among sampled items the user has not interacted with (or those the
/// holdout prescribes), the same in every epoch; ties count against it. For ratings it is the root of the mean squared error.
struct HoldoutValidation: Sendable {
    /// Sampled candidates beside the held-out item (He et al. 2017).
    private static let sampledNegatives = 99
    private static let cutoff = 10
    /// Pairs that are looked at, at most, drawn at random: more would tell an epoch from another no better, and each costs
    /// the scores of a hundred candidates.
    static let greatestPairs = 100_000
    /// Candidates that are scored at a time: what a batch of these takes of memory stays below what training takes.
    private static let candidatesAtOnce = 16_384

    /// In place of a negative that there is not.
    private static let none: Int32 = -1

    /// A held-out interaction.
    private struct Pair {
        let user: Int32
        let item: Int32
        let rating: Float
        /// Where its user's negatives are among all lists.
        var list = 0
    }

    private let objective: Objective
    private let pairs: [Pair]
    // List by list, one for each user; shorter ones are filled up with `none`.
    private let negatives: [Int32]
    private let candidatesPerPair: Int
    private let ratingScale: RatingScale?
    private let bounded: BoundedRating?

    /// - Parameter output: How a rating comes from a logit; of a linear output that is one in the ratings' deviations, as trained.
    init(
        dataset: InteractionDataset, holdout: Holdout, objective: Objective, seed: UInt64,
        output: RatingOutput = .linear
    ) {
        self.objective = objective
        ratingScale = dataset.ratingScale
        bounded = output == .bounded ? dataset.ratingRange.map(BoundedRating.init) : nil
        var pairs: [Pair] = []
        for user in holdout.items.indices {
            for (item, rating) in zip(holdout.items[user], holdout.ratings[user])
            where objective != .rating || !rating.isNaN {
                pairs.append(Pair(user: Int32(user), item: item, rating: rating))
            }
        }
        var random = SplitMix64(seed: seed, 13)
        pairs = pairs.sample(Self.greatestPairs, using: &random)
        guard objective != .rating else {
            (self.pairs, negatives, candidatesPerPair) = (pairs, [], 1)
            return
        }
        let given = holdout.negatives
        let count = given.map { $0.reduce(0) { max($0, $1.count) } } ?? Self.sampledNegatives
        let sampler = NegativeSampler(dataset: dataset)
        candidatesPerPair = 1 + count
        var negatives: [Int32] = []
        for place in pairs.indices {
            let user = Int(pairs[place].user)
            // Pairs come user by user.
            if place > 0, pairs[place - 1].user == pairs[place].user {
                pairs[place].list = pairs[place - 1].list
                continue
            }
            pairs[place].list = negatives.count
            var random = SplitMix64(seed: seed, 5, user)
            let others = given?[user] ?? (0..<count).compactMap { _ in sampler.draw(user: user, using: &random) }
            negatives += others
            negatives += repeatElement(Self.none, count: count - others.count)
        }
        (self.pairs, self.negatives) = (pairs, negatives)
    }

    /// How many held-out interactions are looked at.
    var pairCount: Int { pairs.count }

    /// The figures of `model`; nil where nothing is held out, and where `isCancelled` said so.
    func measure(
        _ model: TrainableModel, loop: ParallelLoop, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> ValidationReport? {
        guard !pairs.isEmpty else { return nil }
        let capacity = min(pairs.count, max(1, Self.candidatesAtOnce / candidatesPerPair))
        let batch = MiniBatch(capacity: capacity, samplesPerGroup: candidatesPerPair)
        let step = TrainingStep(
            model: model, objective: objective, capacity: capacity, samplesPerGroup: candidatesPerPair, loop: loop)
        step.isCancelled = isCancelled
        var sums = Sums()
        for first in stride(from: 0, to: pairs.count, by: capacity) {
            let range = first..<min(first + capacity, pairs.count)
            fill(batch, range)
            let logits = step.computeLogits(batch)
            if isCancelled() { return nil }
            if objective == .rating { addErrors(range, logits, to: &sums) } else { addRanks(batch, logits, to: &sums) }
        }
        return report(sums)
    }

    /// What is added up over the pairs.
    private struct Sums {
        var hits = 0.0
        var gain = 0.0
        var squares = 0.0
    }

    /// The pairs in `range`, each with its candidates: the held-out item first, which also fills up a list that is short, for it cannot
    /// outrank itself.
    private func fill(_ batch: MiniBatch, _ range: Range<Int>) {
        batch.groupCount = range.count
        let count = candidatesPerPair - 1
        for (group, place) in range.enumerated() {
            let pair = pairs[place]
            let start = group * candidatesPerPair
            batch.users[group] = pair.user
            batch.items[start] = pair.item
            for other in 0..<count {
                let candidate = negatives[pair.list + other]
                batch.items[start + 1 + other] = candidate == Self.none ? pair.item : candidate
            }
        }
    }

    private func addRanks(_ batch: MiniBatch, _ logits: [Float], to sums: inout Sums) {
        for group in 0..<batch.groupCount {
            let start = group * candidatesPerPair
            let own = batch.items[start]
            var rank = 0
            for place in start + 1..<start + candidatesPerPair
            where batch.items[place] != own && !(logits[place] < logits[start]) {
                rank += 1
            }
            guard rank < Self.cutoff else { continue }
            sums.hits += 1
            sums.gain += 1 / log2(Double(rank + 2))
        }
    }

    private func addErrors(_ range: Range<Int>, _ logits: [Float], to sums: inout Sums) {
        for (pair, logit) in zip(pairs[range], logits) {
            let prediction = bounded?.rating(logit) ?? (ratingScale?.deviation ?? 1) * logit
            let error = Double(prediction.clamped(to: ratingScale?.range) - pair.rating)
            sums.squares += error * error
        }
    }

    private func report(_ sums: Sums) -> ValidationReport {
        let count = Double(pairs.count)
        guard objective == .rating else {
            return ValidationReport(
                criterion: "ndcg_at_10", value: sums.gain / count, higherIsBetter: true,
                metrics: ["hit_rate_at_10": sums.hits / count])
        }
        let mse = sums.squares / count
        return ValidationReport(
            criterion: "rmse", value: mse.squareRoot(), higherIsBetter: false, metrics: ["mse": mse])
    }
}
