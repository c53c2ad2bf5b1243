/// What a round of a search tries: first the neighbours of the rules, then closer ones, then (``SettingsLine``) steps beyond
/// them, then other kinds of model from where that led, then random departures from the best so far.
struct SettingsProposals {
    /// The rounds that every choice begins with; those after them are random.
    static let plannedRounds = 4
    /// The round of steps beyond the neighbours of the rules; later ones propose other kinds of model.
    static let roundOfSteps = 2
    /// Trials of a round of random departures: with a reduction of three, three rungs of three.
    private static let randomTrials = 9
    /// Random departures that are drawn to find one that was not tried.
    private static let draws = 50

    /// Half-lives of histories that are tried where there are times, in items.
    private static let halfLives = [50.0, shortestHalfLife]
    static let shortestHalfLife = 10.0
    /// How often what features say counts as seen, where that is tried first.
    static let firstFeatures = 10.0
    /// Powers of weights that are tried where interactions do not all count the same.
    private static let evidences = [1.0, 0.5]

    private let isRating: Bool
    /// Whether the order of interactions says anything.
    let hasTimes: Bool
    /// Whether interactions count differently.
    private let hasWeights: Bool
    /// Whether anything is known of items beside who took them.
    let hasFeatures: Bool
    private let settings: (SettingsVariation) -> Hyperparameters
    private var tried: [Hyperparameters] = []

    /// - Parameters:
    ///   - hasTimes: Whether the order of interactions says anything.
    ///   - hasWeights: Whether interactions count differently.
    ///   - hasFeatures: Whether anything is known of items beside who took them.
    ///   - settings: What a variation means for all the data, what was given imposed: two that mean the same are one.
    init(
        isRating: Bool, hasTimes: Bool = false, hasWeights: Bool = false, hasFeatures: Bool = false,
        settings: @escaping (SettingsVariation) -> Hyperparameters
    ) {
        self.isRating = isRating
        self.hasTimes = hasTimes
        self.hasWeights = hasWeights
        self.hasFeatures = hasFeatures
        self.settings = settings
    }

    /// The variations of `round` (from 0) that were not proposed before, at most `limit`.
    mutating func next(
        round: Int, from best: SettingsVariation, limit: Int, using random: inout SplitMix64
    ) -> [SettingsVariation] {
        let wanted: [SettingsVariation] =
            switch round {
            case 0: neighbours(of: best)
            case 1: closerNeighbours(of: best)
            case 3: otherModels(from: best)
            default: []
            }
        var fresh: [SettingsVariation] = []
        for variation in wanted where fresh.count < limit { propose(variation, &fresh) }
        guard round >= Self.plannedRounds else { return fresh }
        for _ in 0..<Self.draws where fresh.count < min(limit, Self.randomTrials) {
            propose(departure(from: best, using: &random), &fresh)
        }
        return fresh
    }

    private mutating func propose(_ variation: SettingsVariation, _ list: inout [SettingsVariation]) {
        if take(variation) { list.append(variation) }
    }

    /// Whether a variation means what none before did; from now on it is one of those.
    mutating func take(_ variation: SettingsVariation) -> Bool {
        let meant = settings(variation)
        guard !tried.contains(meant) else { return false }
        tried.append(meant)
        return true
    }

    /// The rules' own answer, and half and twice its regularisation: what matters most, and varies most with the data.
    private func neighbours(of rules: SettingsVariation) -> [SettingsVariation] {
        let factors = isRating ? [1, 4, 0.25] : [1, 2, 0.5]
        return factors.map { factor in
            var variation = rules
            variation.regularization *= factor
            return variation
        }
    }

    /// Steps between those of the first round; and for implicit feedback what items say of each other less smoothed, and
    /// either part alone, also for ratings: the factorisation without histories, and histories, smoothed further, without it. Where there are times also
    /// histories in which what came last counts most, and where interactions count differently histories in which their items do.
    private func closerNeighbours(of best: SettingsVariation) -> [SettingsVariation] {
        var list = [1.4, 0.7].map { factor in
            var variation = best
            variation.regularization *= factor
            return variation
        }
        guard !isRating else {
            var alone = best
            alone.historyShare = 0
            return list + [alone]
        }
        var (looser, alone, related) = (best, best, best)
        looser.historyRegularization *= 0.5
        alone.historyShare = 0
        related.historyShare = 1
        related.historyRegularization *= 3
        list.append(contentsOf: [looser, alone, related])
        for power in hasWeights ? Self.evidences : [] {
            var weighed = best
            weighed.historyEvidence = power
            list.append(weighed)
        }
        if hasFeatures {
            var told = best
            told.historyFeatures = Self.firstFeatures
            list.append(told)
        }
        for items in hasTimes ? Self.halfLives : [] {
            var recent = best
            recent.historyHalfLife = items
            list.append(recent)
        }
        // Neighbours beside all items or alone, or where the rules say these, none.
        for share in [HistoryBag().neighbourShare, 1, 0] {
            var near = best
            near.neighbourShare = share
            list.append(near)
        }
        return list
    }

    /// A neural model: for implicit feedback one that starts where that led, for ratings one of its own. There is none of cosines.
    private func otherModels(from best: SettingsVariation) -> [SettingsVariation] {
        guard best.objective != .cosineContrastive else { return [] }
        var other = best
        other.architecture = .neumf
        other.epochs = nil
        if isRating { (other.regularization, other.learningRate) = (1, 1) }
        return [other]
    }

    /// One or two settings changed, one step each.
    private func departure(from best: SettingsVariation, using random: inout SplitMix64) -> SettingsVariation {
        var variation = best
        for _ in 0...random.below(2) {
            switch random.below(9) {
            case 6 where !isRating: variation.historyDimension *= Self.pick([0.5, 2], &random)
            case 0: variation.unobservedWeight *= Self.pick([0.33, 0.6, 1.7, 3], &random)
            case 1: variation.dimension = Self.pick([0.5, 1, 2], &random)
            case 2 where !isRating: variation.historyShare = Self.pick([0, 0.5, 0.8, 0.9, 1], &random)
            case 3 where !isRating && hasTimes && random.below(2) == 0:
                variation.historyHalfLife = Self.pick([0, 5, 10, 20, 50, 100], &random)
            case 3 where !isRating: variation.historyRegularization *= Self.pick([0.3, 0.5, 2, 3], &random)
            case 4: changeModel(&variation, using: &random)
            case 5 where variation.epochs != 0: variation.learningRate *= Self.pick([0.3, 3], &random)
            default: variation.regularization *= Self.pick([0.5, 0.7, 1.4, 2], &random)
            }
        }
        return variation
    }

    private func changeModel(_ variation: inout SettingsVariation, using random: inout SplitMix64) {
        guard variation.objective != .cosineContrastive else { return }
        variation.architecture = Self.pick([.mf, .neumf, .gmf], &random)
        guard !isRating else { return }
        variation.epochs = variation.architecture == .mf ? Self.pick([0, nil, Self.epochs], &random) : Self.epochs
        // The closed form knows neither negatives nor another objective.
        guard variation.epochs != 0 else {
            (variation.objective, variation.negatives, variation.learningRate) = (.implicit, 1, 1)
            return
        }
        variation.objective = Self.pick([.implicit, .softmax, .bpr], &random)
        variation.negatives = Self.pick([1, 2, 4], &random)
    }

    /// Epochs of a random departure: as many as the holdout likes.
    private static let epochs = 8

    private static func pick<Value>(_ values: [Value], _ random: inout SplitMix64) -> Value {
        values[random.below(values.count)]
    }
}
