internal import JSON

/// What the `__metadata__` of a file of weights say, beside its IDs.
struct WeightsMetadata: Sendable, Equatable {
    /// The names that mean something, and `format`, which PyTorch's libraries write and which means nothing here.
    static let names = [
        "nectar", "architecture", "objective", "rating_output", "lowest_rating", "highest_rating", "rating_deviation",
        "negatives_per_positive", "negative_sampling", "popularity_exponent", "seed", "propensity", "propensity_clip",
        "dislikes_up_to", "newest_timestamp", "calibration_slope", "calibration_offset",
        "contrastive_margin", "contrastive_weight",
        "history_weight", "history_half_life", "history_length", "history_evidence", "history_mean_weight",
        "user_ids", "item_ids", "format",
    ]
    /// What `nectar` says in a file of this format.
    static let format = "weights 1"

    var architecture: Architecture?
    var objective = Objective.implicit
    var ratingOutput = RatingOutput.linear
    var ratingScale: RatingScale?
    var negativesPerPositive: Int?
    var negativeSampling = NegativeSampling.uniform
    /// Of sampling by popularity; nil is as many as it is by itself.
    var popularityExponent: Double?
    var seed: UInt64?
    var propensity = InversePropensity.none
    /// The rating up to which an interaction was a dislike in training; nil where none was.
    var dislikesUpTo: Float?
    /// Of the data, in milliseconds since 1970; nil where nobody says.
    var newestTimestamp: Int64?
    /// What was made of the logits after the training; nil for nothing, or where nobody says.
    var calibration: LogitCalibration?
    /// What a model of cosines was trained with.
    var contrast = CosineContrast()
    /// w, in a model whose users carry the items of their histories.
    var historyWeight: Float?
    /// h, in items, where the order of a history matters.
    var historyHalfLife: Double?
    /// How many items of a history count, where not all do.
    var historyLength: Int?
    /// What items count by their interactions, where these count differently.
    var historyEvidence: HistoryEvidence?
    /// JSON arrays of IDs, where the IDs are given so.
    var ids: [String: String] = [:]

    /// Nothing said.
    init() {}

    /// What a model served here says of itself.
    init(of snapshot: ModelSnapshot) {
        architecture = snapshot.model.architecture
        objective = snapshot.objective
        ratingOutput = snapshot.bounded == nil ? .linear : .bounded
        // Of other objectives folding in measures no ratings.
        ratingScale = snapshot.ratingScale.map {
            objective == .rating
                ? RatingScale(range: $0.range, deviation: snapshot.ratingUnit) : RatingScale(range: $0.range)
        }
        negativesPerPositive = snapshot.negativesPerPositive
        let settings = snapshot.lineage.hyperparameters
        seed = settings.seed
        negativeSampling = settings.negativeSampling
        popularityExponent = negativeSampling == .popularity ? settings.popularityExponent : nil
        propensity = settings.propensity.isOn ? settings.propensity : .none
        dislikesUpTo = snapshot.lineage.dislikesUpTo
        newestTimestamp = snapshot.lineage.newestTimestamp
        calibration = snapshot.lineage.calibration
        if objective == .cosineContrastive { contrast = settings.contrast }
        historyWeight = snapshot.model.history?.weight
        historyHalfLife = snapshot.model.history.flatMap { $0.recency.halfLife > 0 ? $0.recency.halfLife : nil }
        historyLength = snapshot.model.history.flatMap { $0.recency.length > 0 ? $0.recency.length : nil }
        historyEvidence = snapshot.model.history.flatMap { $0.evidence.isOn ? $0.evidence : nil }
    }

    /// Reads the metadata of a file.
    init(_ metadata: [String: String]) throws(SnapshotFileError) {
        for name in metadata.keys.sorted() where !Self.names.contains(name) {
            throw Self.refusal("\"\(name)\" is unknown", NearestName.of(name, among: Self.names))
        }
        if let format = metadata["nectar"], format != Self.format {
            throw Self.refusal("\"nectar\" is \"\(format)\"; this program reads \"\(Self.format)\"")
        }
        if let name = metadata["architecture"] {
            guard let known = Architecture(rawValue: name) else {
                throw Self.refusal("\"architecture\" is \"\(name)\", which is none of mf, gmf, mlp and neumf")
            }
            architecture = known
        }
        if let name = metadata["objective"] {
            guard let known = Objective(rawValue: name), known != .auto else {
                throw Self.refusal(
                    "\"objective\" is \"\(name)\", which is none of implicit, bpr, softmax, cosine_contrastive and "
                        + "rating")
            }
            objective = known
        }
        ratingOutput = try Self.output(metadata, objective)
        ratingScale = try Self.scale(metadata)
        guard ratingScale != nil || objective != .rating else {
            throw Self.refusal("a model of ratings needs \"lowest_rating\" and \"highest_rating\"")
        }
        if let text = metadata["negatives_per_positive"] {
            guard let count = Int(text), (1...Hyperparameters.Limit.negativesPerPositive).contains(count) else {
                throw Self.refusal(
                    "\"negatives_per_positive\" is \"\(text)\", expected a whole number from 1 to "
                        + "\(Hyperparameters.Limit.negativesPerPositive)")
            }
            negativesPerPositive = count
        }
        if let text = metadata["seed"] {
            guard let number = UInt64(text) else {
                throw Self.refusal("\"seed\" is \"\(text)\", expected a whole number below 2^64")
            }
            seed = number
        }
        if let text = metadata["history_weight"] {
            guard let weight = Float(text), weight.isFinite else {
                throw Self.refusal("\"history_weight\" is \"\(text)\", expected a number")
            }
            historyWeight = weight
        }
        try readCircumstances(metadata)
        historyHalfLife = try Self.halfLife(metadata)
        historyLength = try Self.length(metadata)
        historyEvidence = try Self.evidence(metadata)
        for name in ["user_ids", "item_ids"] { ids[name] = metadata[name] }
    }

    /// As a file's `__metadata__`.
    var encoded: [String: String] {
        var metadata = ["nectar": Self.format, "objective": objective.rawValue]
        metadata["architecture"] = architecture?.rawValue
        metadata["rating_output"] = ratingOutput == .linear ? nil : ratingOutput.rawValue
        metadata["lowest_rating"] = ratingScale.map { "\($0.range.lowerBound)" }
        metadata["highest_rating"] = ratingScale.map { "\($0.range.upperBound)" }
        metadata["rating_deviation"] = objective == .rating ? ratingScale.map { "\($0.deviation)" } : nil
        metadata["negatives_per_positive"] = negativesPerPositive.map { "\($0)" }
        metadata["negative_sampling"] = negativeSampling == .uniform ? nil : negativeSampling.rawValue
        metadata["popularity_exponent"] = popularityExponent.map { "\($0)" }
        metadata["seed"] = seed.map { "\($0)" }
        metadata["propensity"] = propensity.isOn ? "\(propensity.exponent)" : nil
        metadata["propensity_clip"] = propensity.isOn ? "\(propensity.clip)" : nil
        metadata["dislikes_up_to"] = dislikesUpTo.map { "\($0)" }
        metadata["newest_timestamp"] = newestTimestamp.map { "\($0)" }
        metadata["calibration_slope"] = calibration.map { "\($0.slope)" }
        metadata["calibration_offset"] = calibration.map { "\($0.offset)" }
        if contrast != CosineContrast() {
            metadata["contrastive_margin"] = "\(contrast.margin)"
            metadata["contrastive_weight"] = "\(contrast.negativeWeight)"
        }
        metadata["history_weight"] = historyWeight.map { "\($0)" }
        metadata["history_half_life"] = historyHalfLife.map { "\($0)" }
        metadata["history_length"] = historyLength.map { "\($0)" }
        metadata["history_evidence"] = historyEvidence.map { "\($0.exponent)" }
        metadata["history_mean_weight"] = historyEvidence.map { "\($0.meanWeight)" }
        return metadata.merging(ids) { _, ids in ids }
    }

    private static func output(
        _ metadata: [String: String], _ objective: Objective
    ) throws(SnapshotFileError) -> RatingOutput {
        guard let name = metadata["rating_output"] else { return .linear }
        guard let known = RatingOutput(rawValue: name) else {
            throw refusal("\"rating_output\" is \"\(name)\", which is none of linear and bounded")
        }
        guard objective == .rating else {
            throw refusal("\"rating_output\" means nothing unless \"objective\" is \"rating\"")
        }
        return known
    }

    private static func halfLife(_ metadata: [String: String]) throws(SnapshotFileError) -> Double? {
        guard let text = metadata["history_half_life"] else { return nil }
        guard let items = Double(text), items >= 0, items <= Hyperparameters.Limit.historyHalfLife else {
            throw refusal(
                "\"history_half_life\" is \"\(text)\", expected a number from 0 to "
                    + "\(Int(Hyperparameters.Limit.historyHalfLife))")
        }
        return items
    }

    private static func length(_ metadata: [String: String]) throws(SnapshotFileError) -> Int? {
        guard let text = metadata["history_length"] else { return nil }
        guard let items = Int(text), (0...Hyperparameters.Limit.historyLength).contains(items) else {
            throw refusal(
                "\"history_length\" is \"\(text)\", expected a whole number from 0 to "
                    + "\(Hyperparameters.Limit.historyLength)")
        }
        return items
    }

    private static func evidence(_ metadata: [String: String]) throws(SnapshotFileError) -> HistoryEvidence? {
        guard let text = metadata["history_evidence"] else { return nil }
        guard let exponent = Double(text), (0...1).contains(exponent) else {
            throw refusal("\"history_evidence\" is \"\(text)\", expected a number from 0 to 1")
        }
        let mean = metadata["history_mean_weight"] ?? ""
        guard let weight = Float(mean), weight > 0, weight.isNormal else {
            throw refusal("\"history_evidence\" needs \"history_mean_weight\", a number above 0, not \"\(mean)\"")
        }
        return exponent > 0 ? HistoryEvidence(exponent: exponent, meanWeight: weight) : nil
    }

    private static func scale(_ metadata: [String: String]) throws(SnapshotFileError) -> RatingScale? {
        let (low, high) = (metadata["lowest_rating"], metadata["highest_rating"])
        guard low != nil || high != nil else {
            guard metadata["rating_deviation"] == nil else {
                throw refusal("\"rating_deviation\" needs \"lowest_rating\" and \"highest_rating\"")
            }
            return nil
        }
        // As far as scores are computed, so that the width of the scale is a number too.
        let limit = Float(LogitBound.limit)
        guard let low = low.flatMap(Float.init), let high = high.flatMap(Float.init), low <= high, low >= -limit,
            high <= limit
        else { throw refusal("\"lowest_rating\" and \"highest_rating\" are not two numbers in rising order") }
        guard let text = metadata["rating_deviation"] else { return RatingScale(range: low...high) }
        guard let deviation = Float(text), deviation > 0, deviation.isNormal, deviation <= limit else {
            throw refusal("\"rating_deviation\" is \"\(text)\", expected a number above 0")
        }
        return RatingScale(range: low...high, deviation: deviation)
    }

    static func refusal(_ reason: String, _ suggestion: String? = nil) -> SnapshotFileError {
        SnapshotFileError(
            path: "weights", reason: "metadata: \(reason)\(suggestion.map { "; did you mean \"\($0)\"?" } ?? "")")
    }
}
