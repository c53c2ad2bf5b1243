import Glibc

/// What training measures after each epoch to know when to stop; the full evaluation is ``Evaluation``'s.
///
/// For implicit feedback every held-out item is ranked among sampled items the user has not interacted with (or those the
/// holdout prescribes), the same in every epoch; ties count against it. For ratings it is the root of the mean squared error.
struct HoldoutValidation: Sendable {
    /// Sampled candidates beside the held-out item (He et al. 2017).
    private static let sampledNegatives = 99
    private static let cutoff = 10
    /// Pairs that are looked at, at most, drawn at random: more would tell an epoch from another no better, and each takes
    /// the memory of a hundred candidates.
    static let greatestPairs = 100_000
    /// Candidates that are scored at a time: what a batch of these takes of memory stays below what training takes.
    private static let candidatesAtOnce = 16_384

    private let objective: Objective
    private let pairs: [(user: Int32, item: Int32, rating: Float)]
    // By pair, the held-out item first; shorter lists are filled up with it, which cannot then outrank itself.
    private let candidates: [Int32]
    private let candidatesPerPair: Int
    private let ratingRange: ClosedRange<Float>?
    private let bounded: BoundedRating?

    /// - Parameter bounded: How a rating comes from a logit; nil where it is one.
    init(
        dataset: InteractionDataset, holdout: Holdout, objective: Objective, seed: UInt64,
        bounded: BoundedRating? = nil
    ) {
        self.objective = objective
        self.bounded = bounded
        ratingRange = dataset.ratingRange
        var pairs: [(user: Int32, item: Int32, rating: Float)] = []
        for user in holdout.items.indices {
            for (item, rating) in zip(holdout.items[user], holdout.ratings[user])
            where objective != .rating || !rating.isNaN {
                pairs.append((Int32(user), item, rating))
            }
        }
        var random = SplitMix64(seed: seed, 13)
        pairs = pairs.sample(Self.greatestPairs, using: &random)
        self.pairs = pairs
        guard objective != .rating else {
            candidates = pairs.map(\.item)
            candidatesPerPair = 1
            return
        }
        let negatives = holdout.negatives
        let count = negatives.map { $0.reduce(0) { max($0, $1.count) } } ?? Self.sampledNegatives
        let sampler = NegativeSampler(dataset: dataset)
        candidatesPerPair = 1 + count
        candidates = pairs.flatMap { user, item, _ in
            var random = SplitMix64(seed: seed, 5, Int(user))
            let others =
                negatives?[Int(user)]
                ?? (0..<count).compactMap { _ in sampler.draw(user: Int(user), using: &random) }
            let padded = others + Array(repeating: item, count: max(0, count - others.count))
            return [item] + padded
        }
    }

    /// How many held-out interactions are looked at.
    var pairCount: Int { pairs.count }

    /// The figures of `model`; nil where nothing is held out, and where `isCancelled` said so.
    func measure(
        _ model: TrainableModel, loop: ParallelLoop, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> ValidationReport? {
        guard !pairs.isEmpty, let logits = logits(model, loop, isCancelled) else { return nil }
        return objective == .rating ? rating(logits) : ranking(logits)
    }

    /// Of all candidates, in their order.
    private func logits(
        _ model: TrainableModel, _ loop: ParallelLoop, _ isCancelled: @escaping @Sendable () -> Bool
    ) -> [Float]? {
        let capacity = min(pairs.count, max(1, Self.candidatesAtOnce / candidatesPerPair))
        let batch = MiniBatch(capacity: capacity, samplesPerGroup: candidatesPerPair)
        let step = TrainingStep(
            model: model, objective: objective, capacity: capacity, samplesPerGroup: candidatesPerPair, loop: loop)
        step.isCancelled = isCancelled
        var logits: [Float] = []
        logits.reserveCapacity(candidates.count)
        for first in stride(from: 0, to: pairs.count, by: capacity) {
            batch.groupCount = min(capacity, pairs.count - first)
            for index in 0..<batch.groupCount { batch.users[index] = pairs[first + index].user }
            for index in 0..<batch.sampleCount { batch.items[index] = candidates[first * candidatesPerPair + index] }
            logits += step.computeLogits(batch)
            if isCancelled() { return nil }
        }
        return logits
    }

    private func ranking(_ logits: [Float]) -> ValidationReport {
        var hits = 0.0
        var gain = 0.0
        for pair in pairs.indices {
            let start = pair * candidatesPerPair
            let own = candidates[start]
            var rank = 0
            for place in start + 1..<start + candidatesPerPair
            where candidates[place] != own && !(logits[place] < logits[start]) {
                rank += 1
            }
            guard rank < Self.cutoff else { continue }
            hits += 1
            gain += 1 / log2(Double(rank + 2))
        }
        let count = Double(pairs.count)
        return ValidationReport(
            criterion: "ndcg_at_10", value: gain / count, higherIsBetter: true,
            metrics: ["hit_rate_at_10": hits / count]
        )
    }

    private func rating(_ logits: [Float]) -> ValidationReport {
        var squares = 0.0
        for (pair, logit) in zip(pairs, logits) {
            let prediction = bounded?.rating(logit) ?? logit
            let clamped = ratingRange.map { min(max(prediction, $0.lowerBound), $0.upperBound) } ?? prediction
            let error = Double(clamped - pair.rating)
            squares += error * error
        }
        let mse = squares / Double(pairs.count)
        return ValidationReport(
            criterion: "rmse", value: mse.squareRoot(), higherIsBetter: false, metrics: ["mse": mse])
    }
}
