internal import Glibc

/// Items that stand for all that a user did not interact with, when one is folded in.
///
/// Drawn once per model, the likelier the greater the mean user's loss on an item is, and weighted so that a weighted sum
/// over them is, on average over seeds, the mean over the catalogue: 300 then do what thousands drawn evenly would. The draws
/// are systematic along the order of popularity, so that popular items and others have their share in every pool.
struct NegativePool: Sendable {
    /// Indices, each once.
    let items: [Int32]
    /// What each counts; they add up to about 1.
    let weights: [Float]

    /// How many draws there are; an item drawn twice counts twice.
    static let draws = 300
    // What every item gets of the mean share: bounds the weights.
    private static let leastShare = 0.1

    /// One pass over the catalogue.
    ///
    /// - Parameter likelihoods: How much likelier than the mean item each is as a negative, where they are not all alike: what a
    ///   weighted sum is the mean of, is then weighted so.
    /// - Parameter calibration: What made the model's logits of those that the loss is told in.
    init(
        _ model: ScoringModel, meanUser: UserVector, popularityOrder: FrozenArray<Int32>, seed: UInt64,
        likelihoods: [Double]? = nil, calibration: LogitCalibration = .none
    ) {
        // σ(logit) is the size of a negative's gradient.
        var shares = model.score(meanUser, model.catalogue).map { calibrated in
            let logit = calibration.original(of: calibrated)
            return logit.isFinite ? 1 / (1 + exp(-Double(logit))) : 0
        }
        if let likelihoods { for item in shares.indices { shares[item] *= likelihoods[item] } }
        let least = Self.leastShare * shares.reduce(0, +) / Double(max(1, shares.count))
        for item in shares.indices { shares[item] += max(least, .leastNormalMagnitude) }
        let step = shares.reduce(0, +) / Double(Self.draws)
        var random = SplitMix64(seed: seed)
        var (next, sum) = (random.nextUnit() * step, 0.0)
        var (items, weights): ([Int32], [Float]) = ([], [])
        for item in popularityOrder {
            let share = shares[Int(item)]
            sum += share
            guard next < sum else { continue }
            let drawn = ((sum - next) / step).rounded(.up)
            next += drawn * step
            items.append(item)
            weights.append(Float(drawn * step * (likelihoods?[Int(item)] ?? 1) / (share * Double(shares.count))))
        }
        self.items = items
        self.weights = weights
    }
}

extension NegativePool {
    /// That of a model which comes from where `lineage` says.
    init(
        _ model: ScoringModel, meanUser: UserVector, popularity: FrozenArray<Float>, order: FrozenArray<Int32>,
        lineage: Lineage
    ) {
        self.init(
            model, meanUser: meanUser, popularityOrder: order, seed: lineage.hyperparameters.seed,
            likelihoods: Self.likelihoods(lineage.hyperparameters, popularity: popularity),
            calibration: lineage.calibration ?? .none)
    }

    /// How much likelier than the mean item each is as a negative, in a training with `settings`; nil where they are all alike.
    ///
    /// A softmax makes up for its negatives' likelihoods itself; of the others a model that knew popular items as negatives
    /// has lower logits for them, and so it has to be folded into.
    static func likelihoods(_ settings: Hyperparameters, popularity: FrozenArray<Float>) -> [Double]? {
        guard settings.negativeSampling == .popularity, settings.objective != .softmax else { return nil }
        let powers = popularity.map { pow(max(1, Double($0)), settings.popularityExponent) }
        let mean = powers.reduce(0, +) / Double(max(1, powers.count))
        return powers.map { $0 / mean }
    }
}
