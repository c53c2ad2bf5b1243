public import NCF

/// What one scorer measured: a model, or a yardstick beside it.
public struct ScorerEvaluation: Sendable {
    /// `neumf`, `popularity`, …
    public let name: String
    /// Ranking over the whole catalogue, training items removed as in serving; nil for what only predicts ratings.
    public private(set) var fullCatalogue: RankingMetrics?
    /// Ranking against sampled negatives (or those given with the holdout), as the NCF paper measures.
    public private(set) var sampled: RankingMetrics?
    /// What the recommendations are like.
    public private(set) var beyondAccuracy: BeyondAccuracy?
    /// Errors of predicted ratings, for a rating objective.
    public private(set) var rating: RatingMetrics?
    /// How the logits of a model of implicit feedback become probabilities; nil where the holdout is too small to say.
    public private(set) var calibration: ScoreCalibration?
    /// Intervals by group (`full_catalogue`, `sampled`, `rating`) and figure.
    public private(set) var intervals: [String: [String: ConfidenceInterval]] = [:]

    /// Ranks with `scorer`.
    init(
        ranking scorer: any Scorer, named name: String, train: InteractionDataset, holdout: Holdout,
        settings: EvaluationSettings
    ) {
        self.name = name
        let whole = Evaluation.fullCatalogue(
            scorer: scorer, train: train, holdout: holdout, cutoffs: settings.cutoffs, listLength: settings.listLength)
        fullCatalogue = whole.ranking
        beyondAccuracy = BeyondAccuracy(lists: whole.lists, cutoff: settings.listLength, train: train)
        sampled = Evaluation.ranking(
            scorer: scorer, train: train, holdout: holdout, cutoffs: settings.cutoffs,
            protocol: holdout.negatives == nil
                ? .sampled(settings.sampledNegatives, seed: settings.seed) : .fixedNegatives)
        guard let bootstrap = settings.bootstrap else { return }
        intervals["full_catalogue"] = fullCatalogue?.intervals(bootstrap)
        intervals["sampled"] = sampled?.intervals(bootstrap)
    }

    /// Nothing measured yet.
    init(named name: String) {
        self.name = name
    }

    /// Adds the errors of the ratings that `scorer` predicts.
    mutating func addRating(
        of scorer: any Scorer, train: InteractionDataset, holdout: Holdout, range: ClosedRange<Float>?,
        settings: EvaluationSettings
    ) {
        let errors = Evaluation.rating(scorer: scorer, holdout: holdout, range: range ?? train.ratingRange)
        rating = errors
        if let bootstrap = settings.bootstrap, errors.count > 0 { intervals["rating"] = errors.intervals(bootstrap) }
    }

    /// Adds how the logits of `scorer` become probabilities.
    mutating func addCalibration(
        of scorer: any Scorer, train: InteractionDataset, holdout: Holdout, settings: EvaluationSettings
    ) {
        calibration = ScoreCalibration(scorer: scorer, train: train, holdout: holdout, seed: settings.seed)
    }
}
