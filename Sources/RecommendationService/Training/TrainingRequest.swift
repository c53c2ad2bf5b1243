import InteractionFormats
public import InteractionStorage
import JSON
public import NCF

/// What a training run is asked to do: the body of `POST /train`, and the options of `nectar train`.
public struct TrainingRequest: Sendable {
    /// When the new model replaces the one that serves.
    public enum Publication: String, Sendable, CaseIterable {
        /// If it measures no worse than the current one; see ``PublicationGate``.
        case ifBetter = "if_better"
        /// In any case.
        case always
        /// Not now; it is kept on disk, and `POST /models/{version}/publish` can follow.
        case never
    }

    /// What the run is for.
    public enum Purpose: Sendable, Equatable {
        /// A model that may serve.
        case model
        /// A report alone: of a model trained for it, or of a version that is there, on what came since.
        case evaluation(of: Int?)
    }

    /// What the run is for.
    public var purpose = Purpose.model
    /// How the model is measured.
    public var evaluation = EvaluationSettings()
    /// Interactions to store before training; the model is trained on all that is stored.
    public var interactions: [Interaction] = []
    /// How the model is built and trained, as far as it was said.
    public var hyperparameters = Hyperparameters.defaults(for: .neumf)
    /// Which of ``hyperparameters`` were said; the engine chooses the others.
    public var given: GivenSettings = []
    /// How much may be tried to choose them; nil for no more than the engine tries by itself.
    public var search: SearchBudget?
    /// What is set aside to measure it on.
    public var holdout = HoldoutStrategy.leaveOneOut
    /// When it replaces the one that serves.
    public var publication = Publication.ifBetter
    /// Whether what comes of it serves, whatever it measures.
    var willBePublished: Bool { purpose == .model && publication == .always }
    /// Whether the published model is trained once more on everything, the holdout included.
    public var refits = true
    /// A file to leave after every epoch, and to go on from: see ``Trainer``. The training on everything has its own beside it.
    public var checkpoint: String?
    /// Whether the answer waits for the end of the job.
    public var waits = false

    /// A request for the defaults.
    public init() {}

    /// The names of all members, for the check for unknown ones.
    static let members = [
        "interactions", "architecture", "objective", "rating_output", "embedding_dimension", "mlp_embedding_dimension",
        "hidden_layers",
        "history_dimension", "history_regularization", "history_share", "history_half_life", "history_length",
        "history_backward", "history_evidence", "history_features", "history_neighbours",
        "history_neighbour_share",
        "als_sweeps", "als_regularization", "als_unobserved_weight", "epochs",
        "batch_size", "learning_rate",
        "learning_rate_schedule", "weight_decay", "negatives_per_positive", "negative_sampling", "popularity_exponent",
        "contrastive_margin", "contrastive_weight",
        "optimizer", "momentum", "warm_up", "dropout", "propensity", "propensity_clip",
        "minimum_user_interactions", "minimum_item_interactions", "bots",
        "seed", "holdout",
        "early_stopping", "search", "publish", "refit", "wait", "yardstick", "resamples", "measured_users",
    ]

    /// Reads the body of `POST /train`; every fault of it goes into one problem.
    init(
        _ document: JSONDocument, threads: Int, limits: InteractionLimits = InteractionLimits(),
        learning: LearningRules = LearningRules()
    ) throws(Problem) {
        var faults = JSONFaults()
        guard let body = JSONObjectDecoder(document.root, knownMembers: Self.members, faults: &faults) else {
            throw Problem(faults: faults)
        }
        readTraining(body, learning, &faults)
        publication = body.choice(Publication.self, "publish", &faults) ?? publication
        refits = body.bool("refit", &faults) ?? refits
        readCommon(body, threads: threads, &faults)
        if let list = body.array("interactions", &faults) {
            let (decoder, place) = (FlatInteractionDecoder(limits: limits), list.pointer)
            list.forEachElement { index, element in
                guard let interaction = decoder.decode(element, at: place.appending(index), faults: &faults) else {
                    return
                }
                interactions.append(interaction)
            }
        }
        checkBounds(&faults)
        guard faults.isEmpty else { throw Problem(faults: faults) }
    }

    /// Reads how a model is built, trained and measured, what is not said there being as in `learning`.
    mutating func readTraining(
        _ body: JSONObjectDecoder, _ learning: LearningRules, _ faults: inout JSONFaults
    ) {
        readModel(body, &faults)
        hyperparameters.history.length = learning.historyLength
        readSchedule(body, &faults)
        readMethod(body, &faults)
        hyperparameters.cleaning = CleaningRules(body, instead: learning.cleaning, &faults)
        readChoice(body, &faults)
        holdout = body.choice(HoldoutStrategy.self, "holdout", &faults) ?? holdout
    }

    /// Reads what every run can be told.
    mutating func readCommon(_ body: JSONObjectDecoder, threads: Int, _ faults: inout JSONFaults) {
        waits = body.bool("wait", &faults) ?? waits
        evaluation.trainsYardstick = body.bool("yardstick", &faults) ?? evaluation.trainsYardstick
        if let count = body.integer("resamples", in: 0...EvaluationSettings.greatestResamples, &faults) {
            evaluation.resamples = count
        }
        let users = body.integer("measured_users", in: 1...EvaluationSettings.greatestMeasuredUsers, &faults)
        evaluation.measuredUsers = users ?? evaluation.measuredUsers
        hyperparameters.threads = threads
    }

    func checkBounds(_ faults: inout JSONFaults) {
        do {
            try hyperparameters.validateAsAsked(given)
        } catch {
            // `hidden_layers[1]` there is `/hidden_layers/1` here.
            for fault in error.faults {
                let place = fault.name.split(whereSeparator: { $0 == "[" || $0 == "]" }).joined(separator: "/")
                faults.add("/\(place)", fault.detail)
            }
        }
    }

    private mutating func readModel(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        let objective = body.choice(Objective.self, "objective", &faults) ?? .auto
        let architecture = body.choice(Architecture.self, "architecture", &faults) ?? objective.architecture
        hyperparameters = Hyperparameters.defaults(for: architecture, objective: objective)
        if let dimension = body.integer("embedding_dimension", &faults) {
            hyperparameters.embeddingDimension = dimension
        }
        if let dimension = body.integer("mlp_embedding_dimension", &faults) {
            hyperparameters.mlpEmbeddingDimension = dimension
        }
        if let layers = body.array("hidden_layers", &faults) {
            hyperparameters.hiddenLayerSizes = layers.elements.compactMap { $0.decodeInteger(&faults) }
        }
        readSeed(body, &faults)
    }

    mutating func readSeed(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        if let seed = body.integer("seed", in: 0...Int.max, &faults) { hyperparameters.seed = UInt64(seed) }
    }

    private mutating func readSchedule(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        if let sweeps = body.integer("als_sweeps", &faults) { hyperparameters.start.sweeps = sweeps }
        if let penalty = body.number("als_regularization", &faults) { hyperparameters.start.regularization = penalty }
        if let weight = body.number("als_unobserved_weight", &faults) {
            hyperparameters.start.unobservedWeight = weight
        }
        if let dimension = body.integer("history_dimension", &faults) { hyperparameters.history.dimension = dimension }
        if let penalty = body.number("history_regularization", &faults) {
            hyperparameters.history.regularization = penalty
        }
        if let share = body.number("history_share", &faults) { hyperparameters.history.share = share }
        if let items = body.number("history_half_life", &faults) { hyperparameters.history.halfLife = items }
        if let items = body.integer("history_length", &faults) { hyperparameters.history.length = items }
        if let share = body.number("history_backward", &faults) { hyperparameters.history.backward = share }
        if let power = body.number("history_evidence", &faults) { hyperparameters.history.evidence = power }
        if let times = body.number("history_features", &faults) { hyperparameters.history.features = times }
        if let count = body.integer("history_neighbours", &faults) { hyperparameters.history.neighbours = count }
        if let share = body.number("history_neighbour_share", &faults) {
            hyperparameters.history.neighbourShare = share
        }
        if let epochs = body.integer("epochs", &faults) { hyperparameters.epochs = epochs }
        if let size = body.integer("batch_size", &faults) { hyperparameters.batchSize = size }
        if let rate = body.number("learning_rate", &faults) { hyperparameters.learningRate = rate }
        if let schedule = body.choice(LearningRateSchedule.self, "learning_rate_schedule", &faults) {
            hyperparameters.learningRateSchedule = schedule
        }
        if let decay = body.number("weight_decay", &faults) { hyperparameters.weightDecay = decay }
        if let count = body.integer("negatives_per_positive", &faults) { hyperparameters.negativesPerPositive = count }
        if let patience = body.integer("early_stopping", &faults) { hyperparameters.earlyStopping = patience }
    }
}

extension TrainingRequest {
    /// The checkpoint of one of the two trainings of a job.
    func checkpoint(isRefit: Bool) -> String? {
        checkpoint.map { isRefit ? "\($0).refit" : $0 }
    }

    /// Reads by what means a model is trained.
    private mutating func readMethod(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        if let output = body.choice(RatingOutput.self, "rating_output", &faults) {
            hyperparameters.ratingOutput = output
        }
        if let sampling = body.choice(NegativeSampling.self, "negative_sampling", &faults) {
            hyperparameters.negativeSampling = sampling
        }
        if let exponent = body.number("popularity_exponent", &faults) { hyperparameters.popularityExponent = exponent }
        if let margin = body.number("contrastive_margin", &faults) { hyperparameters.contrast.margin = margin }
        if let weight = body.number("contrastive_weight", &faults) { hyperparameters.contrast.negativeWeight = weight }
        if let exponent = body.number("propensity", &faults) { hyperparameters.propensity.exponent = exponent }
        if let most = body.number("propensity_clip", &faults) { hyperparameters.propensity.clip = most }
        if let share = body.number("dropout", &faults) { hyperparameters.dropout = share }
        if let method = body.choice(OptimizationMethod.self, "optimizer", &faults) {
            hyperparameters.optimizer = method
        }
        if let momentum = body.number("momentum", &faults) { hyperparameters.momentum = momentum }
        if let epochs = body.number("warm_up", &faults) { hyperparameters.warmUp = epochs }
    }
}

extension JSONObjectDecoder {
    /// A member that names a case of `Choice`.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type, _ name: String, _ faults: inout JSONFaults
    ) -> Choice? where Choice.RawValue == String {
        choice(name, of: Choice.allCases.map(\.rawValue), &faults).flatMap(Choice.init(rawValue:))
    }
}
