import Glibc

/// The engine's rules: settings from the shape of the data, where nobody gave any.
///
/// **Closed form.** The objective of ``ImplicitALS`` has two numbers to choose, and they are best read as ratios. With n the
/// interactions of a mean user and α I the weight of the items that it left alone, r = α I / n says how much absence weighs
/// against presence; and as the penalty of that user is λ (n + α I), κ = λ (1 + r) is the penalty for each interaction. Over
/// data from 7 to 165 interactions a user, the best r is about the same everywhere, and the best κ falls as histories and
/// audiences grow: κ = 0.78 / ⁴√(n m), m being the interactions of a mean item, or 4.2 / √(n m) where that is more, which is
/// where both are short. For MovieLens 1M these are the λ = 0.007 and α = 0.3 of Rendle et al. 2021. With a fitting κ a larger
/// dimension costs time and hardly ever quality, so its rule only keeps tiny data from having more factors than facts.
///
/// **Beside a regression of items on each other**, which says what is absent better the more is known of each item, the
/// factorisation is to look at what is present: beyond √(n m) = 80 r falls as its 1.85th power, and κ as its 0.95th (λ = 0.01 and
/// α = 0.05 for MovieLens 1M). The regression's own penalty is 300 up to there and then grows as its 0.53rd power (500).
///
/// The constants were found on MovieLens 100K and 1M, whole and thinned out, and on made-up data; see docs/decisions.md.
public struct AutomaticSettings: Sendable {
    /// r: what all absences of a mean user weigh against its interactions.
    static let absenceRatio = 6.7
    /// κ ⁴√(n m), at least.
    static let penaltyScale = 0.78
    /// κ √(n m), at least.
    static let shortPenaltyScale = 4.2
    /// √(n m) up to which the factorisation beside the regression is what it would be alone.
    static let shortReach = 80.0
    /// How r and κ fall beyond it, as powers of √(n m), and how the regression's penalty grows.
    static let (absenceFall, penaltyFall, relationRise) = (1.85, 0.95, 0.53)
    /// The penalty of the regression up to ``shortReach``.
    static let relationPenalty = 300.0
    /// κ beyond which factors vanish.
    static let greatestPenalty = 0.75
    /// The largest dimension that is chosen.
    static let greatestDimension = 128
    /// Of how many neighbours each item is told: fewer say less of MovieLens 1M, more no more.
    private static let neighbours = 100
    /// The most elements of histories that are tried.
    private static let widestHistories = 1024
    /// The dimension is at most this many times √(n m).
    static let factorsAnInteraction = 8.0
    /// Steps that an epoch has at least: small data has small batches.
    static let stepsAnEpoch = 16
    /// Samples of the smallest batch.
    static let leastBatch = 32
    /// Weight decay of a model of ratings with dense layers; that of others is the defaults'.
    static let towerRatingDecay = 0.016
    /// Step size of a model of ratings.
    static let ratingLearningRate = 0.003
    /// The largest dimension of a model of ratings, which has no closed form to keep many factors in check.
    static let greatestRatingDimension = 32

    let profile: DatasetProfile
    /// The shape of the data that ``profile`` is a part of, where it is one: what it decides must be the same for all parts.
    private let whole: DatasetProfile?
    /// What was asked for; of it only ``given`` counts, the seed and the threads.
    let wish: Hyperparameters
    let given: GivenSettings

    /// Rules for data of the shape `profile`.
    ///
    /// - Parameter whole: The shape of all the data, where `profile` is that of a part.
    public init(
        profile: DatasetProfile, of whole: DatasetProfile? = nil, wish: Hyperparameters, given: GivenSettings
    ) {
        self.profile = profile
        self.whole = whole
        self.wish = wish
        self.given = given
    }

    /// The defaults of ``wish`` with the rules applied to what was not given: the closed form's two numbers, and a
    /// dimension that the data can fill.
    public var settings: Hyperparameters {
        var settings = wish
        settings.objective = objective
        if objective != .rating {
            let form = closedForm(SettingsVariation(), besideRegression: settings.hasHistory)
            if !given.contains(.sweeps), settings.start.sweeps > 0 { settings.start.sweeps = form.sweeps }
            if !given.contains(.regularization) { settings.start.regularization = form.regularization }
            if !given.contains(.unobservedWeight) { settings.start.unobservedWeight = form.unobservedWeight }
        }
        if !given.contains(.embeddingDimension) {
            settings.embeddingDimension = min(settings.embeddingDimension, greatestDimension)
        }
        if objective != .rating, settings.hasHistory, !given.contains(.historyRegularization) {
            settings.history.regularization = relationPenalty(SettingsVariation())
        }
        if !given.contains(.historyDimension) {
            settings.history.dimension = min(settings.history.dimension, greatestHistoryDimension)
        }
        if objective == .implicit, settings.architecture == .mf, settings.epochs == 0, settings.start.sweeps > 0,
            settings.history.dimension > 0, !given.contains(.historyNeighbours), ruledNeighbourShare > 0
        {
            settings.history.neighbours = Self.neighbours
            if ruledNeighbourShare == 1 { settings.history.dimension = 0 }
        }
        if !given.contains(.batchSize) { fitBatch(&settings) }
        return settings
    }

    /// What is trained for; never ``Objective/auto``.
    var objective: Objective { wish.objective == .auto ? profile.objective : wish.objective }

    /// The rules' own answer as a trial: what others depart from.
    var start: SettingsVariation {
        var start = SettingsVariation(objective: objective)
        if given.contains(.architecture) { start.architecture = wish.architecture }
        // The closed form of `mf` is a model; other architectures and objectives are what epochs make of it.
        if start.architecture != .mf || objective != .implicit { start.epochs = nil }
        return start
    }

    /// The settings of a trial, what was given imposed.
    func settings(_ variation: SettingsVariation) -> Hyperparameters {
        var settings = Hyperparameters.defaults(for: variation.architecture, objective: variation.objective)
        settings.seed = wish.seed
        settings.threads = wish.threads
        settings.epochs = variation.epochs ?? settings.epochs
        settings.negativesPerPositive = max(
            1, Int((Double(settings.negativesPerPositive) * variation.negatives).rounded()))
        let isRating = variation.objective == .rating
        let isClosedForm =
            (given.contains(.architecture) ? wish.architecture : variation.architecture) == .mf
            && (given.contains(.epochs) ? wish.epochs : settings.epochs) == 0
            && (given.contains(.sweeps) ? wish.start.sweeps : settings.start.sweeps) > 0
        if isRating {
            let base = settings.weightDecay > 0 ? settings.weightDecay : Self.towerRatingDecay
            let decay = Self.rounded(base * variation.regularization)
            settings.weightDecay = min(decay, Hyperparameters.Limit.weightDecay)
            settings.learningRate = Self.rounded(Self.ratingLearningRate * variation.learningRate)
            if variation.historyShare == 0 { settings.history = .none }
        } else {
            settings.history = history(settings.history, variation, isClosedForm: isClosedForm)
            let hasHistory = (given.contains(.historyDimension) ? wish : settings).hasHistory
            if settings.start.sweeps > 0 { settings.start = closedForm(variation, besideRegression: hasHistory) }
            settings.learningRate = Self.rounded(settings.learningRate * variation.learningRate)
        }
        // What items say of each other leaves the factorisation less to say.
        let most = isRating ? Self.greatestRatingDimension : settings.hasHistory ? settings.embeddingDimension : .max
        settings.embeddingDimension = max(
            1, Int((Double(min(most, greatestDimension)) * variation.dimension).rounded()))
        if variation.architecture.hasMLP { fitTower(&settings) }
        given.impose(wish, on: &settings)
        // No trial varies it.
        settings.history.length = settings.history.isOn ? wish.history.length : 0
        // The factorisation alone, however many neighbours were asked for.
        if variation.historyShare == 0, !given.contains(.historyShare), settings.history.neighbours > 0 {
            settings.history.share = 0
        }
        // Features are of what items say of each other; two trials without that are not told apart by them.
        if !settings.hasHistory, !given.contains(.historyFeatures) { settings.history.features = 0 }
        if !given.contains(.batchSize) { fitBatch(&settings) }
        return settings
    }

    /// Popularity as an `mf`: a penalty under which no factor stays leaves the items' own log-odds.
    var popularity: Hyperparameters {
        var settings = Hyperparameters.defaults(for: .mf, objective: .implicit)
        settings.seed = wish.seed
        settings.threads = wish.threads
        settings.embeddingDimension = 1
        settings.start.regularization = Hyperparameters.Limit.regularization
        settings.history = .none
        settings.epochs = 0
        settings.earlyStopping = 0
        return settings
    }

    /// λ and α from r and κ, to two digits: who reads them in a lineage can type them.
    private func closedForm(_ variation: SettingsVariation, besideRegression: Bool) -> ClosedFormStart {
        // Weights multiply what is observed, and the penalty counts interactions: both follow the mean weight.
        let weight = profile.meanWeight
        let reach = besideRegression ? min(1, Self.shortReach / root) : 1
        let ratio = Self.absenceRatio * pow(reach, Self.absenceFall) * variation.unobservedWeight
        let fitting = max(Self.penaltyScale / root.squareRoot(), Self.shortPenaltyScale / root)
        let penalty = min(fitting, Self.greatestPenalty) * pow(reach, Self.penaltyFall)
        var form = reach < 1 ? ClosedFormStart.besideRegression : ClosedFormStart()
        form.regularization = Self.bounded(
            Self.rounded(penalty * variation.regularization * weight / (1 + ratio * weight)))
        form.unobservedWeight = Self.bounded(Self.rounded(ratio * weight * profile.density))
        return form
    }

    private func history(
        _ defaults: HistoryBag, _ variation: SettingsVariation, isClosedForm: Bool
    ) -> HistoryBag {
        guard defaults.dimension > 0, variation.historyShare != 0 else { return .none }
        var history = defaults
        let ruled = Double(min(history.dimension, greatestHistoryDimension)) * variation.historyDimension
        history.dimension = max(1, min(Int(ruled), Self.widestHistories, profile.activeItems))
        history.regularization = relationPenalty(variation)
        let isRefused = given.contains(.historyNeighbours) && wish.history.neighbours == 0
        let near = isClosedForm && !isRefused ? variation.neighbourShare ?? ruledNeighbourShare : 0
        if near > 0 {
            history.neighbours = Self.neighbours
            if near < 1 { history.neighbourShare = near } else { history.dimension = 0 }
        }
        history.share = variation.historyShare ?? history.share
        history.halfLife = variation.historyHalfLife ?? history.halfLife
        history.evidence = variation.historyEvidence ?? history.evidence
        history.features = variation.historyFeatures.map(Self.rounded) ?? history.features
        history.backward = min(1, Self.rounded(history.backward * variation.historyBackward))
        return history
    }

    /// Neighbours alone where there are more items than are regressed on all others, unless it was said how that shall be.
    private var ruledNeighbourShare: Double {
        let isTooMany = (whole ?? profile).activeItems > ItemItemRegression.itemLimit
        guard isTooMany, !given.contains(.historyDimension) else { return 0 }
        return given.contains(.historyNeighbourShare) ? wish.history.neighbourShare : 1
    }

    private func relationPenalty(_ variation: SettingsVariation) -> Double {
        let penalty = Self.relationPenalty * pow(max(1, root / Self.shortReach), Self.relationRise)
        return min(
            Self.rounded(penalty * variation.historyRegularization), Hyperparameters.Limit.historyRegularization)
    }

    /// √(n m).
    private var root: Double { max(1, profile.meanHistory * profile.meanAudience).squareRoot() }

    private static func bounded(_ value: Double) -> Double {
        min(max(value, 1e-6), Hyperparameters.Limit.regularization)
    }

    /// The power of two below n^0.4 for n interactions (128 at 200,000, 32 at 10,000, 4 at 100), below users and items, and
    /// below a few times the interactions that a factor's user and item have, so that short histories are not dear.
    private var greatestDimension: Int {
        let facts = pow(Double(max(1, profile.interactions)), 0.4)
        let depth = Self.factorsAnInteraction * (profile.meanHistory * profile.meanAudience).squareRoot()
        let bound = max(1, min(Int(min(facts, depth)), profile.activeUsers, profile.activeItems))
        return min(Self.greatestDimension, 1 << (Int.bitWidth - 1 - bound.leadingZeroBitCount))
    }

    /// Four times as many elements as the factorisation may have: they come from a regression, and cost no facts.
    private var greatestHistoryDimension: Int { min(4 * greatestDimension, max(1, profile.activeItems)) }

    /// A batch of the defaults' size, or less where an epoch would have few steps.
    private func fitBatch(_ settings: inout Hyperparameters) {
        let group = settings.objective == .rating ? 1 : 1 + settings.negativesPerPositive
        // In a batch of one group nobody's positives are there to set against its own.
        let least = settings.negativeSampling == .inBatch ? max(Self.leastBatch, 2 * group) : Self.leastBatch
        settings.batchSize = min(settings.batchSize, max(least, profile.interactions * group / Self.stepsAnEpoch))
    }

    /// A tower no wider than the embeddings allow, in the shape of the defaults.
    private func fitTower(_ settings: inout Hyperparameters) {
        let width = 2 * settings.embeddingDimension
        guard let first = settings.hiddenLayerSizes.first, width < first else { return }
        settings.hiddenLayerSizes = settings.hiddenLayerSizes.map { max(1, $0 * width / first) }
    }

    /// `value` to two significant digits.
    static func rounded(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return value }
        let unit = pow(10, floor(log10(value)) - 1)
        // Divided rather than multiplied where the unit is below 1: 7 / 1000 is the number that 0.007 is read as.
        return unit < 1 ? (value / unit).rounded() / (1 / unit).rounded() : (value / unit).rounded() * unit
    }
}
