/// The data that trials are measured on: samples of users of growing size, each with an own holdout.
///
/// Not for several threads at once: what it makes it keeps.
final class SearchArena {
    /// How large the samples are, and how much is measured.
    struct Limits {
        /// Interactions of the largest sample: more would tell two settings apart hardly better, and take longer.
        var greatestSample = 400_000
        /// Interactions under which a sample is not divided further.
        var leastSample = 100_000
        /// Users that are measured, at most.
        var users = 4000
        /// Users times items that are scored for a measurement, about; a large catalogue is measured on fewer users.
        var cells = 40_000_000
        /// Users below which this does not go: a verdict needs some.
        var leastUsers = 400
        /// Users without whom there is no verdict at all: chance would speak.
        var verdictUsers = 5
    }

    /// Each sample's interactions for one of the next smaller.
    static let reduction = 3
    private static let greatestFolds = 5

    let isRating: Bool
    /// How models of ratings get to them.
    private let ratingOutput: RatingOutput
    private let dataset: InteractionDataset
    private let features: ItemFeatures?
    private let seed: UInt64
    private let loop: ParallelLoop
    private let isStopped: @Sendable () -> Bool
    private let sizes: [Int]
    private var folds: [Int: [HeldOutData]] = [:]
    private let usersWanted: Int
    private let greatestUsers: Int
    private let verdictUsers: Int

    /// - Parameters:
    ///   - usersWanted: Measured users to have on the highest rung; where there are fewer, several random holdouts are drawn
    ///     from the same data.
    ///   - isStopped: Asked while measuring; what is measured once it says so means nothing.
    init(
        dataset: InteractionDataset, features: ItemFeatures? = nil, isRating: Bool,
        ratingOutput: RatingOutput = .linear, seed: UInt64, threads: Int, usersWanted: Int, limits: Limits = Limits(),
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) {
        self.dataset = dataset
        self.features = features
        self.isRating = isRating
        self.ratingOutput = ratingOutput
        self.seed = seed
        self.isStopped = isStopped
        loop = ParallelLoop(threads: threads)
        let affordable = max(limits.leastUsers, limits.cells / max(1, dataset.itemCount))
        greatestUsers = isRating ? limits.users : min(limits.users, affordable)
        self.usersWanted = min(usersWanted, greatestUsers)
        verdictUsers = limits.verdictUsers
        var sizes = [min(dataset.interactionCount, limits.greatestSample)]
        while sizes[0] / Self.reduction >= limits.leastSample { sizes.insert(sizes[0] / Self.reduction, at: 0) }
        self.sizes = sizes
    }

    /// How many samples there are, the largest last.
    var rungs: Int { sizes.count }

    /// What to train and measure on at a rung: one entry, or several folds of the highest one where users are few.
    func data(_ rung: Int) -> [HeldOutData] {
        if let made = folds[rung] { return made }
        let sample = dataset.sample(interactions: sizes[rung], seed: seed)
        func fold(_ number: Int) -> HeldOutData {
            let split = sample.ownSplit(fold: number, seed: seed, users: greatestUsers)
            return HeldOutData(train: split.train, holdout: split.holdout, features: features)
        }
        var made = [fold(0)]
        let users = made[0].measuredUsers.count
        if rung == rungs - 1, users > 0 {
            let wanted = min(Self.greatestFolds, (usersWanted + users - 1) / users)
            for number in 1..<max(1, wanted) { made.append(fold(number)) }
        }
        folds[rung] = made
        return made
    }

    /// Whether there is enough to measure on.
    var isMeasurable: Bool {
        let fold = data(rungs - 1)[0]
        let users = fold.measuredUsers.count { user in
            !isRating || fold.holdout.ratings[user].contains { !$0.isNaN }
        }
        return users >= verdictUsers && fold.train.interactionCount > 0
    }

    /// What a trained model gains on a fold.
    func gains(of parameters: ModelParameters, on fold: HeldOutData) -> HoldoutGains {
        let model = ScoringModel(parameters, of: fold.train)
        guard isRating, ratingOutput == .bounded, let range = fold.train.ratingRange else {
            return gains(of: model, on: fold, isRating: isRating)
        }
        return gains(of: BoundedScorer(model, BoundedRating(range: range)), on: fold, isRating: true)
    }

    /// What a scorer gains on a fold by its ranking, whatever the objective.
    func rankingGains(of scorer: any Scorer, on fold: HeldOutData) -> HoldoutGains {
        gains(of: scorer, on: fold, isRating: false)
    }

    /// What every choice must beat gains on the highest rung: popularity, or the items' mean ratings.
    func yardstick() -> HoldoutGains {
        data(rungs - 1).reduce(into: HoldoutGains()) { sum, fold in
            let scorer: any Scorer =
                isRating ? ItemMeanScorer(dataset: fold.train) : PopularityScorer(dataset: fold.train)
            sum.append(gains(of: scorer, on: fold, isRating: isRating))
        }
    }

    private func gains(of scorer: any Scorer, on fold: HeldOutData, isRating: Bool) -> HoldoutGains {
        HoldoutGains(of: scorer, on: fold, isRating: isRating, loop: loop, isStopped: isStopped)
    }
}
