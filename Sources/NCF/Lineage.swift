/// Where a model comes from: enough to say what it knows, and to train it again.
public struct Lineage: Sendable, Equatable {
    /// Who made a model.
    public enum Origin: String, Sendable, CaseIterable {
        /// Nectar trained it.
        case trained
        /// It was trained elsewhere and came as weights (``ImportedModel``): of ``Lineage/hyperparameters`` only what
        /// describes its form says something of it.
        case imported
    }

    /// Who made it.
    public var origin: Origin
    /// When training ended, in milliseconds since 1970.
    public var createdAt: Int64
    /// The highest row of the store that was read: interactions after it are not in the model.
    public var dataWatermark: Int64
    /// How many users had been erased from the store when it was read: what one who was erased later did may be in the model.
    public var erasures: Int64
    /// How many user–item pairs it was trained on.
    public var interactionCount: Int
    /// The newest time of the training data that is no clock's mistake (``RobustBounds``), in milliseconds since 1970; nil where none had a time, or nobody noted it.
    public var newestTimestamp: Int64?
    /// The rating up to which interactions were dislikes in training; nil where no rating was one.
    public var dislikesUpTo: Float?
    /// What was made of its logits after the training, by what was held out; nil where nothing was, or nobody noted it.
    public var calibration: LogitCalibration?
    /// What it was trained with, the seed included.
    public var hyperparameters: Hyperparameters
    /// What it measured on the holdout, by name, such as `ndcg_at_10`.
    public var metrics: [String: Double]
    /// Seconds spent, by phase, such as `training`.
    public var durations: [String: Double]

    /// States where a model comes from.
    public init(
        createdAt: Int64, dataWatermark: Int64, interactionCount: Int, hyperparameters: Hyperparameters,
        metrics: [String: Double] = [:], durations: [String: Double] = [:], origin: Origin = .trained,
        erasures: Int64 = 0, newestTimestamp: Int64? = nil, dislikesUpTo: Float? = nil,
        calibration: LogitCalibration? = nil
    ) {
        self.calibration = calibration
        self.origin = origin
        self.createdAt = createdAt
        self.dataWatermark = dataWatermark
        self.erasures = erasures
        self.newestTimestamp = newestTimestamp
        self.dislikesUpTo = dislikesUpTo
        self.interactionCount = interactionCount
        self.hyperparameters = hyperparameters
        self.metrics = metrics
        self.durations = durations
    }
}
