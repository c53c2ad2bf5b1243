internal import Glibc

/// Turns a model's logits into log-odds that hold on data it was not trained on (Platt 1999).
///
/// The population is that of the holdout: each held-out interaction among ``negativesPerPositive`` items that its user
/// has not interacted with. A score of 0.9 then means that of ten such pairs nine are interactions.
public struct ScoreCalibration: Sendable, Equatable {
    /// Unseen items set against each held-out one.
    public static let negativesPerPositive = 4
    /// Held-out interactions that a fit needs.
    public static let leastPositives = 50

    /// What becomes of logits.
    public var logits: LogitCalibration
    /// The expected calibration error: the mean distance, over pairs, between the mean score of a bin and its share of
    /// interactions (Guo et al. 2017; 15 bins of equal width), each half of the users measured by the other half's fit.
    public var expectedError: Double

    private static let bins = 15

    /// Takes what was found elsewhere.
    init(slope: Float, offset: Float, expectedError: Double) {
        logits = LogitCalibration(slope: slope, offset: offset)
        self.expectedError = expectedError
    }

    /// Fits to what `scorer` says of the held-out interactions; nil where there are too few, or where its scores do not
    /// rise with the share of interactions.
    public init?(scorer: any Scorer, train: InteractionDataset, holdout: Holdout, seed: UInt64) {
        let halves = Self.samples(scorer: scorer, train: train, holdout: holdout, seed: seed)
        let all = Samples(
            positives: halves[0].positives + halves[1].positives, negatives: halves[0].negatives + halves[1].negatives)
        guard all.positives.count >= Self.leastPositives, !all.negatives.isEmpty else { return nil }
        let fit = all.fit
        guard fit.slope > 0, fit.slope.isFinite, fit.offset.isFinite else { return nil }
        logits = LogitCalibration(slope: Float(fit.slope), offset: Float(fit.offset))
        var counts = Reliability(bins: Self.bins)
        for (half, other) in [(halves[0], halves[1]), (halves[1], halves[0])] {
            let fit = other.fit
            for logit in half.positives { counts.add(probability: fit.probability(logit), outcome: 1) }
            for logit in half.negatives { counts.add(probability: fit.probability(logit), outcome: 0) }
        }
        expectedError = counts.expectedError
    }

    /// Logits of held-out pairs and of others.
    private struct Samples {
        var positives: [Float] = []
        var negatives: [Float] = []

        var fit: LogisticCalibration { LogisticCalibration(positives: positives, negatives: negatives) }
    }

    /// By halves of the users.
    private static func samples(
        scorer: any Scorer, train: InteractionDataset, holdout: Holdout, seed: UInt64
    ) -> [Samples] {
        var halves = [Samples(), Samples()]
        let sampler = NegativeSampler(dataset: train)
        var measured = 0
        for user in holdout.items.indices where !holdout.items[user].isEmpty {
            let own = holdout.items[user]
            var random = SplitMix64(seed: seed, 8, user)
            var others: [Int32] = []
            for _ in 0..<own.count * negativesPerPositive {
                guard let item = sampler.draw(user: user, using: &random), !own.contains(item) else { continue }
                others.append(item)
            }
            let scores = scorer.score(user: user, items: own + others)
            halves[measured % 2].positives += scores.prefix(own.count)
            halves[measured % 2].negatives += scores.dropFirst(own.count)
            measured += 1
        }
        return halves
    }
}

/// What a calibration makes of a logit z: slope · z + offset.
public struct LogitCalibration: Sendable, Equatable {
    /// What logits are multiplied with; above 0, so that no order changes.
    public var slope: Float
    /// What is then added.
    public var offset: Float

    /// What neither part of one that comes from elsewhere exceeds, nor one over the slope.
    static let limit: Float = 1_000_000

    /// Every logit stays what it is.
    public static let none = LogitCalibration(slope: 1, offset: 0)

    /// The logit that it made this one of.
    func original(of logit: Float) -> Float { (logit - offset) / slope }

    /// Gathers the parts.
    public init(slope: Float, offset: Float) {
        self.slope = slope
        self.offset = offset
    }

    /// Nil where the parts are none of a calibration.
    init?(checking slope: Double, offset: Double) {
        self.init(slope: Float(slope), offset: Float(offset))
        guard self.slope.isNormal, self.slope > 0, self.offset.isFinite else { return nil }
    }
}

extension ModelParameters {
    /// The same model with every logit z become slope · z + offset; no order changes.
    public func calibrated(by calibration: LogitCalibration) -> ModelParameters {
        withLogits(times: calibration.slope, plus: calibration.offset)
    }

    /// The same model with every logit z become slope · z + offset; the items' embeddings stay.
    func withLogits(times slope: Float, plus offset: Float = 0) -> ModelParameters {
        var result = self
        // h of `mf` is 1 and stays so.
        if architecture == .mf {
            result.userGMF = userGMF.map { slope * $0 }
        } else {
            result.outputWeights = outputWeights.map { slope * $0 }
        }
        result.userBias = userBias.map { slope * $0 }
        result.itemBias = itemBias.map { slope * $0 }
        result.globalBias = slope * globalBias + offset
        result.history = history?.scaled(gmf: architecture == .mf ? slope : 1, bias: slope)
        return result
    }
}
