/// What one pass over the training data came to.
public struct EpochReport: Sendable, Equatable {
    /// Which epoch; the first is 1, and 0 is the closed form before it.
    public var epoch: Int
    /// How many epochs there may be at most.
    public var of: Int
    /// The mean loss over the epoch's samples: cross-entropy in nats, or squared error; without the weight decay.
    public var loss: Double
    /// Samples trained on, negatives included; none by the closed form, which takes every pair there is at once.
    public var samples: Int
    /// Seconds spent training, without validation.
    public var seconds: Double
    /// Seconds spent on validation.
    public var validationSeconds: Double
    /// What the holdout said; nil without one.
    public var validation: ValidationReport?

    /// Whether this is the closed form that the first epoch starts from.
    public var isClosedForm: Bool { epoch == 0 }

    /// Samples per second of training time.
    public var samplesPerSecond: Double { seconds > 0 ? Double(samples) / seconds : 0 }

    /// Takes the figures of one epoch.
    public init(
        epoch: Int, of: Int, loss: Double, samples: Int, seconds: Double, validationSeconds: Double = 0,
        validation: ValidationReport? = nil
    ) {
        self.epoch = epoch
        self.of = of
        self.loss = loss
        self.samples = samples
        self.seconds = seconds
        self.validationSeconds = validationSeconds
        self.validation = validation
    }
}

/// How good a model was on the holdout, by the one figure that early stopping goes by, and others to look at.
public struct ValidationReport: Sendable, Equatable {
    /// The name of the figure that decides, such as `ndcg_at_10`.
    public var criterion: String
    /// The figure that decides.
    public var value: Double
    /// Whether greater is better.
    public var higherIsBetter: Bool
    /// Every figure by name, the one that decides included.
    public var metrics: [String: Double]

    /// Names the figure that decides; it is added to `metrics` if it is not there.
    public init(criterion: String, value: Double, higherIsBetter: Bool, metrics: [String: Double] = [:]) {
        self.criterion = criterion
        self.value = value
        self.higherIsBetter = higherIsBetter
        self.metrics = metrics.merging([criterion: value]) { _, decisive in decisive }
    }

    /// Whether this is better than `other`; a figure that is not a number is better than none.
    public func improves(on other: ValidationReport?) -> Bool {
        guard !value.isNaN else { return false }
        guard let other, !other.value.isNaN else { return true }
        return higherIsBetter ? value > other.value : value < other.value
    }
}
