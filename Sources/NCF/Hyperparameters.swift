/// Everything that decides what a training run computes, apart from the data.
///
/// ``threads`` decides only how fast: the same data and the same other settings give the same bytes for any number.
public struct Hyperparameters: Sendable, Equatable {
    /// Which branches the model has.
    public var architecture: Architecture
    /// What it is trained to predict.
    public var objective: Objective
    /// How a rating comes from the logit; ``Objective/rating`` only.
    public var ratingOutput = RatingOutput.linear
    /// Length of the embeddings of the GMF branch, without what ``history`` adds.
    public var embeddingDimension: Int
    /// Length of the embeddings of the MLP branch; nil means half of the first of ``hiddenLayerSizes``. The tower of He
    /// et al. 2017, 64-32-16-8, is 32 here, with layers [32, 16, 8].
    public var mlpEmbeddingDimension: Int?
    /// Output sizes of the dense layers, first to last.
    public var hiddenLayerSizes: [Int]
    /// How the embeddings are found before the first epoch; implicit objective only.
    public var start: ClosedFormStart
    /// How a user's history enters its vectors.
    public var history: HistoryBag
    /// Passes over the data, at most.
    public var epochs: Int
    /// Samples (positives and negatives together) per step.
    public var batchSize: Int
    /// By which method parameters step on their gradients.
    public var optimizer = OptimizationMethod.adam
    /// How much of the last step goes on in the next; ``OptimizationMethod/sgd`` only.
    public var momentum = 0.0
    /// Step size at the start.
    public var learningRate: Double
    /// How the step size changes from the first batch to the last.
    public var learningRateSchedule: LearningRateSchedule
    /// Epochs, in fractions too, in which the step size first rises in a straight line from nothing to what the schedule says.
    public var warmUp = 0.0
    /// L2 penalty on the embeddings and dense weights of each sample.
    public var weightDecay: Double
    /// The share of each dense layer's outputs that is left out of every sample in training, at random.
    public var dropout = 0.0
    /// Items sampled as negatives for each positive, in every epoch anew; implicit objective only.
    public var negativesPerPositive: Int
    /// Which items they are.
    public var negativeSampling = NegativeSampling.uniform
    /// The power of ``NegativeSampling/popularity``: 0 is uniform, 1 popularity itself.
    public var popularityExponent = 0.75
    /// Of ``Objective/cosineContrastive``.
    public var contrast = CosineContrast()
    /// How much more the interactions with rare items count.
    public var propensity = InversePropensity.none
    /// Who and what is not learned from. The trainer takes the dataset as it is given: whoever makes it applies them
    /// (``InteractionDataset/inspected(by:)``).
    public var cleaning = CleaningRules()
    /// Where every random decision starts.
    public var seed: UInt64
    /// Epochs without improvement on the holdout before training stops; 0 trains all epochs.
    public var earlyStopping: Int
    /// Threads to train on.
    public var threads: Int

    /// Settings with the engine's defaults wherever none is given.
    public init(
        architecture: Architecture = .neumf,
        objective: Objective = .auto,
        embeddingDimension: Int = 64,
        mlpEmbeddingDimension: Int? = nil,
        hiddenLayerSizes: [Int] = [64, 32, 16],
        start: ClosedFormStart = .none,
        history: HistoryBag = .none,
        epochs: Int = 20,
        batchSize: Int = 4096,
        learningRate: Double = 0.001,
        learningRateSchedule: LearningRateSchedule = .linear,
        weightDecay: Double = 0,
        negativesPerPositive: Int = 4,
        seed: UInt64 = 42,
        earlyStopping: Int = 3,
        threads: Int = 1
    ) {
        self.architecture = architecture
        self.objective = objective
        self.embeddingDimension = embeddingDimension
        self.mlpEmbeddingDimension = mlpEmbeddingDimension
        self.hiddenLayerSizes = hiddenLayerSizes
        self.start = start
        self.history = history
        self.epochs = epochs
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.learningRateSchedule = learningRateSchedule
        self.weightDecay = weightDecay
        self.negativesPerPositive = negativesPerPositive
        self.seed = seed
        self.earlyStopping = earlyStopping
        self.threads = threads
    }

    /// Whether users have their histories in their bags, or are told by the neighbours of what is there.
    public var hasHistory: Bool { history.isOn }

    /// The length of the embeddings of the GMF branch that a model with these settings has: ``embeddingDimension`` and what
    /// histories add to it; 0 without that branch.
    public var resolvedEmbeddingDimension: Int {
        architecture.hasGMF ? embeddingDimension + max(0, history.dimension) : 0
    }

    /// The length of the embeddings of the MLP branch that a model with these settings has; 0 without that branch.
    public var resolvedMLPEmbeddingDimension: Int {
        guard architecture.hasMLP else { return 0 }
        return mlpEmbeddingDimension ?? max(1, (hiddenLayerSizes.first ?? 2) / 2)
    }
}

/// Every setting that is out of its bounds, or has no effect where it was asked for.
public struct HyperparameterFaults: Error, Equatable, Sendable {
    /// One such setting.
    public struct Fault: Equatable, Sendable {
        /// The setting's name, in the spelling of the HTTP interface.
        public var name: String
        /// What is wrong with it, as a clause.
        public var detail: String

        /// States what is wrong with which setting.
        public init(name: String, detail: String) {
            self.name = name
            self.detail = detail
        }
    }

    /// In the order of the settings.
    public var faults: [Fault]

    /// Gathers faults.
    public init(faults: [Fault]) {
        self.faults = faults
    }
}
