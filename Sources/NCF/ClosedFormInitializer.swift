/// Puts the closed form's factors into a model that is about to be trained, as log-odds.
///
/// The GMF branch takes factors of its own length, scaled so that h = 1 and μ give the log-odds of an interaction among
/// sampled negatives; the MLP embeddings take factors of theirs, and the tower starts silent, so that the model first
/// answers as the factorisation does and then learns what is left.
struct ClosedFormInitializer {
    /// What the tower's part of h starts at, times its usual random start; with histories at 0, for it would disturb them.
    private static let towerScale: Float = 0.1

    let dataset: InteractionDataset
    let hyperparameters: Hyperparameters
    let loop: ParallelLoop
    /// What items of the dataset say of each other, if that was asked before.
    let memory: ItemItemMemory
    /// What the items are beside their IDs, where that is known.
    let features: ItemFeatures?

    /// Changes `model` in place.
    ///
    /// - Returns: The mean loss of the closed form alone; nil where `isCancelled` said so.
    func initialise(_ model: TrainableModel, isCancelled: () -> Bool) -> Double? {
        var loss = 0.0
        if model.users.gmf > 0 {
            guard let measured = initialiseGMF(model, isCancelled) else { return nil }
            loss = measured
        }
        if model.users.mlp > 0, !(hyperparameters.hasHistory && model.users.gmf > 0) {
            guard let factors = factors(dimension: model.users.mlp, isCancelled) else { return nil }
            let offset = model.users.gmf
            model.users.setColumns(offset: offset, width: factors.dimension, to: factors.users.array)
            model.items.setColumns(offset: offset, width: factors.dimension, to: factors.items.array)
        }
        if model.users.gmf > 0, model.users.mlp > 0 {
            let tower = model.dense.slice(model.users.gmf..<model.dense.outputCount)
            let scale = model.histories == nil ? Self.towerScale : 0
            model.dense.set(tower.map { scale * $0 }, at: model.users.gmf)
        }
        model.histories?.addSums(to: model.users.rows, loop: loop)
        return loss
    }

    /// By least squares, whose own tables are gone when this returns.
    private func factors(dimension: Int, _ isCancelled: () -> Bool) -> ImplicitFactors? {
        let als = ImplicitALS(
            dataset: dataset, settings: hyperparameters.start, seed: hyperparameters.seed, loop: loop)
        guard let factors = als.factors(dimension: dimension, isCancelled: isCancelled) else { return nil }
        guard let features else { return factors }
        let expected = factors.expected(
            by: features, interactions: als.interactionCount(ofItem:), isCancelled: isCancelled)
        if isCancelled() { return nil }
        if let expected { als.draw(factors, to: expected) }
        return factors
    }

    /// The first elements get the factorisation, the last ones what items say of each other.
    private func initialiseGMF(_ model: TrainableModel, _ isCancelled: () -> Bool) -> Double? {
        guard let factors = factors(dimension: hyperparameters.embeddingDimension, isCancelled) else { return nil }
        if !hyperparameters.hasHistory, PopularityStart.isLeft(of: factors) {
            return PopularityStart(
                dataset: dataset, negativesPerPositive: hyperparameters.negativesPerPositive
            ).write(to: model)
        }
        var relations: ItemItemFactors?
        var neighbours: NeighbourRegression.Columns?
        if hyperparameters.history.asksNeighbours {
            neighbours = memory.neighbours(of: neighbourRegression, isCancelled: isCancelled)
            guard neighbours != nil else { return nil }
        }
        if hyperparameters.history.dimension > 0 {
            let positives = dataset.positivesAlone()
            let regression = ItemItemRegression(
                dataset: positives, regularization: hyperparameters.history.regularization,
                order: hyperparameters.history.order,
                evidence: hyperparameters.history.counting(in: positives).evidence, features: features,
                featureWeight: hyperparameters.history.features, seed: hyperparameters.seed, loop: loop)
            relations = memory.factors(
                of: regression, rank: hyperparameters.history.dimension, isCancelled: isCancelled)
            guard relations != nil else { return nil }
            // The regression says what is met; over the chance to be met it is what is liked.
            if hyperparameters.propensity.isOn {
                relations?.scaleRecommended(
                    by: hyperparameters.propensity.factors(counts: dataset.positiveCounts))
            }
        }
        let blend = ClosedFormBlend(
            factors: factors, relations: relations, neighbours: neighbours, history: hyperparameters.history,
            dataset: dataset, loop: loop)
        let samples = CalibrationSamples(
            of: blend, negativesPerPositive: hyperparameters.negativesPerPositive, seed: hyperparameters.seed,
            loop: loop)
        let calibration = LogisticCalibration(positives: samples.positives, negatives: samples.negatives)
        blend.write(to: model, slope: Float(max(calibration.slope, 1e-3)))
        model.dense.set([Float(calibration.offset)], at: model.dense.globalBiasOffset)
        return calibration.loss(positives: samples.positives, negatives: samples.negatives)
    }

    private var neighbourRegression: NeighbourRegression {
        let (history, positives) = (hyperparameters.history, dataset.positivesAlone())
        return NeighbourRegression(
            dataset: positives, neighbours: history.neighbours, penalty: Float(history.neighbourPenalty),
            order: history.order, evidence: history.counting(in: positives).evidence, features: features,
            featureWeight: history.features, loop: loop)
    }
}
