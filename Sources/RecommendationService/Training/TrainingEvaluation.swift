public import NCF

/// What a model measured on its holdout, beside popularity on the same.
public struct TrainingEvaluation: Sendable {
    /// Ranking over the whole catalogue, training items removed as in serving.
    public var fullCatalogue: RankingMetrics?
    /// Ranking against 99 sampled negatives, as the NCF paper measures.
    public var sampled: RankingMetrics?
    /// The same two for the popularity order.
    public var popularityFullCatalogue: RankingMetrics?
    /// Popularity against the same sampled negatives.
    public var popularitySampled: RankingMetrics?
    /// Errors of predicted ratings, for a rating objective.
    public var rating: RatingMetrics?
    /// How the logits of a model of implicit feedback become probabilities; nil where the holdout is too small to say.
    public var calibration: ScoreCalibration?
    /// Errors of the items' mean ratings, for a rating objective.
    public var itemMeanRating: RatingMetrics?

    /// The cutoffs at which ranking is reported.
    static let cutoffs = [5, 10, 20]

    /// Negatives per held-out item in the sampled protocol.
    static let sampledNegatives = 99

    /// Measures `snapshot`, trained on `train`, by `holdout`; ranking always, rating errors where it predicts ratings.
    public init(of snapshot: ModelSnapshot, train: InteractionDataset, holdout: Holdout, seed: UInt64) {
        let popularity = PopularityScorer(dataset: train)
        func ranking(_ scorer: any Scorer, _ rankingProtocol: Evaluation.RankingProtocol) -> RankingMetrics {
            Evaluation.ranking(
                scorer: scorer, train: train, holdout: holdout, cutoffs: Self.cutoffs, protocol: rankingProtocol)
        }
        fullCatalogue = ranking(snapshot, .fullCatalogue)
        popularityFullCatalogue = ranking(popularity, .fullCatalogue)
        sampled = ranking(snapshot, .sampled(Self.sampledNegatives, seed: seed))
        popularitySampled = ranking(popularity, .sampled(Self.sampledNegatives, seed: seed))
        guard snapshot.objective == .rating else {
            calibration = ScoreCalibration(scorer: snapshot, train: train, holdout: holdout, seed: seed)
            return
        }
        rating = Evaluation.rating(scorer: snapshot, holdout: holdout, range: train.ratingRange)
        itemMeanRating = Evaluation.rating(
            scorer: ItemMeanScorer(dataset: train), holdout: holdout, range: train.ratingRange)
    }

    /// The numbers that a model's lineage keeps.
    var summary: [String: Double] {
        var numbers: [String: Double] = [:]
        func add(_ prefix: String, _ metrics: RankingMetrics?) {
            guard let metrics else { return }
            numbers["\(prefix)hr@10"] = metrics.hitRate(at: 10)
            numbers["\(prefix)ndcg@10"] = metrics.ndcg(at: 10)
        }
        add("full_", fullCatalogue)
        add("sampled_", sampled)
        add("popularity_full_", popularityFullCatalogue)
        add("popularity_sampled_", popularitySampled)
        if let rating {
            numbers["rmse"] = rating.rmse
            numbers["mae"] = rating.mae
        }
        if let calibration { numbers["calibration_error"] = calibration.expectedError }
        if let itemMeanRating { numbers["item_mean_rmse"] = itemMeanRating.rmse }
        return numbers
    }
}
