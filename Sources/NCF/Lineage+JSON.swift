internal import JSON

extension Lineage {
    /// Writes the members of the manifest's `lineage`; figures that are not finite are left out.
    func encode(_ object: inout JSONWriter) {
        object.member("origin", origin.rawValue)
        object.member("created_at", createdAt)
        object.member("data_watermark", dataWatermark)
        // Left out where there were none, as in snapshots written before there were erasures.
        if erasures > 0 { object.member("erasures", erasures) }
        object.member("interactions", interactionCount)
        // Left out where there is none, as in snapshots written before they were noted.
        object.member("newest_timestamp", ifPresent: newestTimestamp)
        object.member("dislikes_up_to", ifPresent: dislikesUpTo)
        if let calibration {
            object.key("calibration")
            object.object { parts in
                parts.member("slope", calibration.slope)
                parts.member("offset", calibration.offset)
            }
        }
        object.key("hyperparameters")
        object.object(hyperparameters.encode)
        object.key("metrics")
        object.object { Self.encode(metrics, &$0) }
        object.key("durations")
        object.object { Self.encode(durations, &$0) }
    }

    /// Reads what ``encode(_:)`` wrote; nil where a member is missing.
    init?(json: JSONValue) {
        guard let createdAt = json["created_at"]?.int, let watermark = json["data_watermark"]?.int,
            let interactions = json["interactions"]?.int,
            let hyperparameters = json["hyperparameters"].flatMap(Hyperparameters.init(json:)),
            let metrics = json["metrics"], let durations = json["durations"],
            // Absent from snapshots written before weights could come from elsewhere.
            let origin = Origin(rawValue: json["origin"]?.string ?? Origin.trained.rawValue)
        else { return nil }
        self.init(
            createdAt: Int64(createdAt), dataWatermark: Int64(watermark), interactionCount: interactions,
            hyperparameters: hyperparameters, metrics: Self.figures(metrics), durations: Self.figures(durations),
            origin: origin, erasures: Int64(json["erasures"]?.int ?? 0),
            newestTimestamp: json["newest_timestamp"]?.int.map(Int64.init),
            dislikesUpTo: json["dislikes_up_to"]?.double.map(Float.init),
            calibration: json["calibration"].flatMap { parts in
                LogitCalibration(
                    checking: parts["slope"]?.double ?? .nan, offset: parts["offset"]?.double ?? .nan)
            })
    }

    private static func encode(_ figures: [String: Double], _ object: inout JSONWriter) {
        for (name, figure) in figures.sorted(by: { $0.key < $1.key }) where figure.isFinite {
            object.member(name, figure)
        }
    }

    private static func figures(_ json: JSONValue) -> [String: Double] {
        var figures: [String: Double] = [:]
        for (name, value) in json.members { figures[name] = value.double }
        return figures
    }
}

extension Hyperparameters {
    /// Writes every setting under its name in the HTTP interface.
    func encode(_ object: inout JSONWriter) {
        object.member("architecture", architecture.rawValue)
        object.member("objective", objective.rawValue)
        // Left out where it is what it was before there was a choice.
        object.member("rating_output", ifPresent: ratingOutput == .linear ? nil : ratingOutput.rawValue)
        object.member("embedding_dimension", embeddingDimension)
        object.member("mlp_embedding_dimension", ifPresent: mlpEmbeddingDimension)
        object.key("hidden_layers")
        object.array { sizes in for size in hiddenLayerSizes { sizes.value(size) } }
        object.member("als_sweeps", start.sweeps)
        object.member("als_regularization", start.regularization)
        object.member("als_unobserved_weight", start.unobservedWeight)
        object.member("history_dimension", history.dimension)
        object.member("history_regularization", history.regularization)
        object.member("history_share", history.share)
        object.member("history_half_life", history.halfLife)
        // Left out where it is what it was before there was a choice.
        object.member("history_length", ifPresent: history.length == 0 ? nil : history.length)
        object.member("history_backward", history.backward)
        object.member("history_evidence", history.evidence)
        object.member("history_features", history.features)
        object.member("history_neighbours", history.neighbours)
        object.member("history_neighbour_share", history.neighbourShare)
        object.member("epochs", epochs)
        object.member("batch_size", batchSize)
        object.member("learning_rate", learningRate)
        object.member("learning_rate_schedule", learningRateSchedule.rawValue)
        object.member("weight_decay", weightDecay)
        object.member("negatives_per_positive", negativesPerPositive)
        object.member("dropout", dropout)
        object.member("negative_sampling", negativeSampling.rawValue)
        object.member("popularity_exponent", popularityExponent)
        object.member("contrastive_margin", contrast.margin)
        object.member("contrastive_weight", contrast.negativeWeight)
        object.member("optimizer", optimizer.rawValue)
        object.member("momentum", momentum)
        object.member("warm_up", warmUp)
        // Left out where it is what it was before there was a choice.
        if propensity.isOn {
            object.member("propensity", propensity.exponent)
            object.member("propensity_clip", propensity.clip)
        }
        cleaning.encode(&object)
        object.member("seed", seed)
        object.member("early_stopping", earlyStopping)
        object.member("threads", threads)
    }

    /// Reads what ``encode(_:)`` wrote; nil where a member is missing.
    init?(json: JSONValue) {
        guard let architecture = json["architecture"]?.string.flatMap(Architecture.init(rawValue:)),
            let objective = json["objective"]?.string.flatMap(Objective.init(rawValue:)),
            let embedding = json["embedding_dimension"]?.int, let layers = json["hidden_layers"],
            let epochs = json["epochs"]?.int, let batchSize = json["batch_size"]?.int,
            let learningRate = json["learning_rate"]?.double, let weightDecay = json["weight_decay"]?.double,
            let negatives = json["negatives_per_positive"]?.int, let seed = json["seed"]?.unsignedInteger,
            let earlyStopping = json["early_stopping"]?.int, let threads = json["threads"]?.int
        else { return nil }
        // Absent from snapshots written before there was a choice.
        var start = ClosedFormStart.none
        start.sweeps = json["als_sweeps"]?.int ?? start.sweeps
        start.regularization = json["als_regularization"]?.double ?? start.regularization
        start.unobservedWeight = json["als_unobserved_weight"]?.double ?? start.unobservedWeight
        var history = HistoryBag.none
        history.dimension = json["history_dimension"]?.int ?? history.dimension
        history.regularization = json["history_regularization"]?.double ?? history.regularization
        history.share = json["history_share"]?.double ?? history.share
        history.halfLife = json["history_half_life"]?.double ?? history.halfLife
        history.length = json["history_length"]?.int ?? history.length
        // What came before and after were one.
        history.backward = json["history_backward"]?.double ?? 1
        history.evidence = json["history_evidence"]?.double ?? history.evidence
        history.features = json["history_features"]?.double ?? history.features
        history.neighbours = json["history_neighbours"]?.int ?? history.neighbours
        history.neighbourShare = json["history_neighbour_share"]?.double ?? history.neighbourShare
        let schedule = json["learning_rate_schedule"]?.string ?? LearningRateSchedule.constant.rawValue
        guard let schedule = LearningRateSchedule(rawValue: schedule) else { return nil }
        self.init(
            architecture: architecture, objective: objective, embeddingDimension: embedding,
            mlpEmbeddingDimension: json["mlp_embedding_dimension"]?.int,
            hiddenLayerSizes: layers.elements.compactMap(\.int), start: start, history: history, epochs: epochs,
            batchSize: batchSize,
            learningRate: learningRate, learningRateSchedule: schedule, weightDecay: weightDecay,
            negativesPerPositive: negatives, seed: seed, earlyStopping: earlyStopping, threads: threads)
        guard readChoices(json) else { return nil }
    }

    /// Reads settings that snapshots written before there was a choice lack; false where one is none that is known.
    private mutating func readChoices(_ json: JSONValue) -> Bool {
        if let name = json["negative_sampling"]?.string {
            guard let sampling = NegativeSampling(rawValue: name) else { return false }
            negativeSampling = sampling
        }
        if let name = json["rating_output"]?.string {
            guard let output = RatingOutput(rawValue: name) else { return false }
            ratingOutput = output
        }
        popularityExponent = json["popularity_exponent"]?.double ?? popularityExponent
        contrast.margin = json["contrastive_margin"]?.double ?? contrast.margin
        contrast.negativeWeight = json["contrastive_weight"]?.double ?? contrast.negativeWeight
        if let name = json["optimizer"]?.string {
            guard let method = OptimizationMethod(rawValue: name) else { return false }
            optimizer = method
        }
        propensity.exponent = json["propensity"]?.double ?? propensity.exponent
        propensity.clip = json["propensity_clip"]?.double ?? propensity.clip
        guard cleaning.read(json) else { return false }
        dropout = json["dropout"]?.double ?? dropout
        momentum = json["momentum"]?.double ?? momentum
        warmUp = json["warm_up"]?.double ?? warmUp
        return true
    }
}
