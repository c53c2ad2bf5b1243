public import NCF

/// What a model measured on what was held out of its training, beside popularity, `mf` and, for ratings, item means.
public struct EvaluationReport: Sendable {
    /// What was held out: a ``HoldoutStrategy``, `since_model` or `given`.
    public let holdout: String
    /// How it was measured.
    public let settings: EvaluationSettings
    /// Items set against each held-out one came with the holdout.
    public let hasGivenNegatives: Bool
    /// Users with something held out.
    public let users: Int
    /// Users whose held-out items were ranked: all of them, or a random part (``EvaluationSettings/measuredUsers``).
    public let measuredUsers: Int
    /// Interactions held out.
    public let heldOut: Int
    /// Interactions trained on.
    public let trainedOn: Int
    /// The model's architecture.
    public var architecture: String { model.name }
    /// The model.
    public private(set) var model: ScorerEvaluation
    /// Matrix factorisation on the same data; nil where the model is one, or where none was asked for.
    public private(set) var matrixFactorisation: ScorerEvaluation?
    /// What the model's lists lack as it is served; nil where it is served by every item's score.
    public let preselection: PreselectionRecall?
    /// The items with the most interactions, for everybody.
    public private(set) var popularity: ScorerEvaluation
    /// The items' mean ratings, for a rating objective.
    public private(set) var itemMeans: ScorerEvaluation?

    /// Measures `snapshot`, trained on `train`, by `holdout`; ranking always, rating errors where it predicts ratings.
    /// What is ranked is that of ``EvaluationSettings/measuredUsers``; ratings, which cost next to nothing, all are compared.
    ///
    /// - Parameters:
    ///   - yardstick: An `mf` trained on the same; see ``Yardstick``.
    ///   - name: What `holdout` is.
    ///   - serving: How the model is served, or would be.
    ///   - isCancelled: Once it is true the measuring soon ends, and the report is worth nothing.
    public init(
        of snapshot: ModelSnapshot, beside yardstick: ModelSnapshot?, train: InteractionDataset, holdout: Holdout,
        named name: String, settings: EvaluationSettings, serving: ServingOptions = ServingOptions(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.holdout = name
        self.settings = settings
        hasGivenNegatives = holdout.negatives != nil
        users = holdout.userCount
        heldOut = holdout.interactionCount
        trainedOn = train.interactionCount
        let measured = holdout.sample(users: settings.measuredUsers, seed: settings.seed)
        measuredUsers = measured.userCount
        func ranking(_ scorer: any Scorer, _ name: String) -> ScorerEvaluation {
            ScorerEvaluation(
                ranking: EndableScorer(scorer, isEnded: isCancelled), named: name, train: train, holdout: measured,
                settings: settings)
        }
        model = ranking(snapshot, snapshot.lineage.hyperparameters.architecture.rawValue)
        preselection = PreselectionRecall(
            of: snapshot.serving(serving), train: train, holdout: measured, settings: settings, isCancelled: isCancelled
        )
        popularity = ranking(PopularityScorer(dataset: train), "popularity")
        matrixFactorisation = yardstick.map { ranking($0, "mf") }
        guard snapshot.objective == .rating else {
            model.addCalibration(of: snapshot, train: train, holdout: measured, settings: settings)
            return
        }
        let range = snapshot.ratingRange
        model.addRating(of: snapshot, train: train, holdout: holdout, range: range, settings: settings)
        if let yardstick {
            matrixFactorisation?.addRating(
                of: yardstick, train: train, holdout: holdout, range: range, settings: settings)
        }
        var means = ScorerEvaluation(named: "item_mean")
        means.addRating(
            of: ItemMeanScorer(dataset: train), train: train, holdout: holdout, range: range, settings: settings)
        itemMeans = means
    }

    /// Every scorer measured, the model first.
    public var scorers: [ScorerEvaluation] {
        [model] + [matrixFactorisation, popularity, itemMeans].compactMap(\.self)
    }

    /// The numbers that a model's lineage keeps.
    var summary: [String: Double] {
        var numbers: [String: Double] = [:]
        for (prefix, scorer) in [("", model), ("mf_", matrixFactorisation), ("popularity_", popularity)] {
            for (group, metrics) in [("full_", scorer?.fullCatalogue), ("sampled_", scorer?.sampled)] {
                guard let metrics, metrics.cutoffs.contains(10) else { continue }
                numbers["\(prefix)\(group)hr@10"] = metrics.hitRate(at: 10)
                numbers["\(prefix)\(group)ndcg@10"] = metrics.ndcg(at: 10)
            }
            guard let rating = scorer?.rating else { continue }
            numbers["\(prefix)rmse"] = rating.rmse
            numbers["\(prefix)mae"] = rating.mae
        }
        if let preselection, preselection.listLength == 10 { numbers["preselection_recall@10"] = preselection.recall }
        if let calibration = model.calibration { numbers["calibration_error"] = calibration.expectedError }
        if let means = itemMeans?.rating { numbers["item_mean_rmse"] = means.rmse }
        return numbers
    }
}
