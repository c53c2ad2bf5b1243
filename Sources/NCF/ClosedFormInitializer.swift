/// Puts the closed form's factors into a model that is about to be trained, as log-odds.
///
/// The GMF branch takes factors of its own length, scaled so that h = 1 and μ give the log-odds of an interaction among
/// sampled negatives; the MLP embeddings take factors of theirs, and the tower starts silent, so that the model first
/// answers as the factorisation does and then learns what is left.
struct ClosedFormInitializer {
    /// Pairs that the scale is fitted on.
    private static let calibrationPairs = 20_000
    /// What the tower's part of h starts at, times its usual random start.
    private static let towerScale: Float = 0.1

    let dataset: InteractionDataset
    let hyperparameters: Hyperparameters
    let loop: ParallelLoop

    /// Changes `model` in place.
    ///
    /// - Returns: The mean loss of the closed form alone; nil where `isCancelled` said so.
    func initialise(_ model: TrainableModel, isCancelled: () -> Bool) -> Double? {
        let als = ImplicitALS(
            dataset: dataset, settings: hyperparameters.start, seed: hyperparameters.seed, loop: loop)
        var loss = 0.0
        if model.users.gmf > 0 {
            guard let factors = als.factors(dimension: model.users.gmf, isCancelled: isCancelled) else { return nil }
            let (positives, negatives) = samples(factors)
            let calibration = LogisticCalibration(positives: positives, negatives: negatives)
            loss = calibration.loss(positives: positives, negatives: negatives)
            let root = Float(max(calibration.slope, 1e-3).squareRoot())
            model.users.setColumns(offset: 0, width: factors.dimension, to: factors.users.array.map { root * $0 })
            model.items.setColumns(offset: 0, width: factors.dimension, to: factors.items.array.map { root * $0 })
            model.dense.set([Float(calibration.offset)], at: model.dense.globalBiasOffset)
        }
        if model.users.mlp > 0 {
            guard let factors = als.factors(dimension: model.users.mlp, isCancelled: isCancelled) else { return nil }
            let offset = model.users.gmf
            model.users.setColumns(offset: offset, width: factors.dimension, to: factors.users.array)
            model.items.setColumns(offset: offset, width: factors.dimension, to: factors.items.array)
            if model.users.gmf > 0 {
                let tower = model.dense.slice(model.users.gmf..<model.dense.outputCount)
                model.dense.set(tower.map { Self.towerScale * $0 }, at: model.users.gmf)
            }
        }
        return loss
    }

    /// Scores of observed pairs, and of the negatives each would be trained with.
    private func samples(_ factors: ImplicitFactors) -> (positives: [Float], negatives: [Float]) {
        let sampler = NegativeSampler(dataset: dataset)
        var random = SplitMix64(seed: hyperparameters.seed, 7)
        var positives: [Float] = []
        var negatives: [Float] = []
        let every = max(1, dataset.interactionCount / Self.calibrationPairs)
        for user in 0..<dataset.userCount {
            for place in dataset.interactions(of: user) where place % every == 0 {
                positives.append(factors.score(user: user, item: Int(dataset.items[place])))
                for _ in 0..<hyperparameters.negativesPerPositive {
                    guard let item = sampler.draw(user: user, using: &random) else { break }
                    negatives.append(factors.score(user: user, item: Int(item)))
                }
            }
        }
        return (positives, negatives)
    }
}
