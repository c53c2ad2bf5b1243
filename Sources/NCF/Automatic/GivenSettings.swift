/// Which settings of a training somebody asked for; the engine chooses the others.
public struct GivenSettings: OptionSet, Sendable, Hashable {
    /// One bit a setting.
    public let rawValue: UInt64

    /// The settings whose bits are set.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// ``Hyperparameters/architecture``.
    public static let architecture = GivenSettings(rawValue: 1 << 0)
    /// ``Hyperparameters/objective``, and not as ``Objective/auto``.
    public static let objective = GivenSettings(rawValue: 1 << 1)
    /// ``Hyperparameters/embeddingDimension``.
    public static let embeddingDimension = GivenSettings(rawValue: 1 << 2)
    /// ``Hyperparameters/mlpEmbeddingDimension``.
    public static let mlpEmbeddingDimension = GivenSettings(rawValue: 1 << 3)
    /// ``Hyperparameters/hiddenLayerSizes``.
    public static let hiddenLayers = GivenSettings(rawValue: 1 << 4)
    /// The sweeps of ``Hyperparameters/start``.
    public static let sweeps = GivenSettings(rawValue: 1 << 5)
    /// The regularisation of ``Hyperparameters/start``.
    public static let regularization = GivenSettings(rawValue: 1 << 6)
    /// The unobserved weight of ``Hyperparameters/start``.
    public static let unobservedWeight = GivenSettings(rawValue: 1 << 7)
    /// ``Hyperparameters/epochs``.
    public static let epochs = GivenSettings(rawValue: 1 << 8)
    /// ``Hyperparameters/batchSize``.
    public static let batchSize = GivenSettings(rawValue: 1 << 9)
    /// ``Hyperparameters/learningRate``.
    public static let learningRate = GivenSettings(rawValue: 1 << 10)
    /// ``Hyperparameters/learningRateSchedule``.
    public static let learningRateSchedule = GivenSettings(rawValue: 1 << 11)
    /// ``Hyperparameters/weightDecay``.
    public static let weightDecay = GivenSettings(rawValue: 1 << 12)
    /// ``Hyperparameters/negativesPerPositive``.
    public static let negatives = GivenSettings(rawValue: 1 << 13)
    /// ``Hyperparameters/earlyStopping``.
    public static let earlyStopping = GivenSettings(rawValue: 1 << 14)

    /// The dimension of ``Hyperparameters/history``.
    public static let historyDimension = GivenSettings(rawValue: 1 << 15)
    /// The regularisation of ``Hyperparameters/history``.
    public static let historyRegularization = GivenSettings(rawValue: 1 << 16)
    /// The share of ``Hyperparameters/history``.
    public static let historyShare = GivenSettings(rawValue: 1 << 17)
    /// ``Hyperparameters/optimizer``.
    public static let optimizer = GivenSettings(rawValue: 1 << 18)
    /// ``Hyperparameters/momentum``.
    public static let momentum = GivenSettings(rawValue: 1 << 19)
    /// ``Hyperparameters/warmUp``.
    public static let warmUp = GivenSettings(rawValue: 1 << 20)
    /// ``Hyperparameters/dropout``.
    public static let dropout = GivenSettings(rawValue: 1 << 21)
    /// ``Hyperparameters/negativeSampling``.
    public static let negativeSampling = GivenSettings(rawValue: 1 << 22)
    /// ``Hyperparameters/popularityExponent``.
    public static let popularityExponent = GivenSettings(rawValue: 1 << 23)
    /// The margin of ``Hyperparameters/contrast``.
    public static let contrastiveMargin = GivenSettings(rawValue: 1 << 24)
    /// The weight of the negatives of ``Hyperparameters/contrast``.
    public static let contrastiveWeight = GivenSettings(rawValue: 1 << 25)

    /// The half-life of ``Hyperparameters/history``.
    public static let historyHalfLife = GivenSettings(rawValue: 1 << 28)

    /// How much histories say of what came before, in ``Hyperparameters/history``.
    public static let historyBackward = GivenSettings(rawValue: 1 << 26)

    /// How much more an item counts, the more its interaction does, in ``Hyperparameters/history``.
    public static let historyEvidence = GivenSettings(rawValue: 1 << 27)

    /// How often what features say counts as seen, in ``Hyperparameters/history``.
    public static let historyFeatures = GivenSettings(rawValue: 1 << 32)

    /// How many neighbours tell of an item, in ``Hyperparameters/history``.
    public static let historyNeighbours = GivenSettings(rawValue: 1 << 33)

    /// Their share of what items say of each other, in ``Hyperparameters/history``.
    public static let historyNeighbourShare = GivenSettings(rawValue: 1 << 34)

    /// ``Hyperparameters/ratingOutput``.
    public static let ratingOutput = GivenSettings(rawValue: 1 << 29)

    /// The exponent of ``Hyperparameters/propensity``.
    public static let propensity = GivenSettings(rawValue: 1 << 30)
    /// The clip of ``Hyperparameters/propensity``.
    public static let propensityClip = GivenSettings(rawValue: 1 << 31)

    /// Whether anything about the model or its training was said. An objective alone narrows the choice, no more.
    public var decideAnything: Bool { !subtracting(.objective).isEmpty }

    /// Copies what was given from `wish` into `settings`.
    func impose(_ wish: Hyperparameters, on settings: inout Hyperparameters) {
        func copy<Value>(_ setting: GivenSettings, _ path: WritableKeyPath<Hyperparameters, Value>) {
            if contains(setting) { settings[keyPath: path] = wish[keyPath: path] }
        }
        copy(.architecture, \.architecture)
        copy(.objective, \.objective)
        copy(.ratingOutput, \.ratingOutput)
        copy(.embeddingDimension, \.embeddingDimension)
        copy(.mlpEmbeddingDimension, \.mlpEmbeddingDimension)
        copy(.hiddenLayers, \.hiddenLayerSizes)
        copy(.sweeps, \.start.sweeps)
        copy(.regularization, \.start.regularization)
        copy(.unobservedWeight, \.start.unobservedWeight)
        copy(.historyDimension, \.history.dimension)
        copy(.historyRegularization, \.history.regularization)
        copy(.historyShare, \.history.share)
        copy(.historyHalfLife, \.history.halfLife)
        copy(.historyBackward, \.history.backward)
        copy(.historyEvidence, \.history.evidence)
        copy(.historyFeatures, \.history.features)
        copy(.historyNeighbours, \.history.neighbours)
        copy(.historyNeighbourShare, \.history.neighbourShare)
        copy(.epochs, \.epochs)
        copy(.batchSize, \.batchSize)
        copy(.learningRate, \.learningRate)
        copy(.learningRateSchedule, \.learningRateSchedule)
        copy(.weightDecay, \.weightDecay)
        copy(.negatives, \.negativesPerPositive)
        copy(.earlyStopping, \.earlyStopping)
        copy(.optimizer, \.optimizer)
        copy(.momentum, \.momentum)
        copy(.warmUp, \.warmUp)
        copy(.dropout, \.dropout)
        copy(.negativeSampling, \.negativeSampling)
        copy(.popularityExponent, \.popularityExponent)
        copy(.contrastiveMargin, \.contrast.margin)
        copy(.contrastiveWeight, \.contrast.negativeWeight)
        copy(.propensity, \.propensity.exponent)
        copy(.propensityClip, \.propensity.clip)
    }
}
