import Glibc

/// What a model gained for each user of a holdout, so that two models can be compared user by user.
///
/// For ranking a user's gain is NDCG@10 in the full catalogue, the items of training removed as in serving, each held-out item
/// found being worth what the holdout says; and the more these are worth on average, the more the user's gain counts. For ratings it is
/// the sum of the squared errors, negative. Greater is better in either case.
struct HoldoutGains: Sendable {
    /// Where ranking is measured.
    static let cutoff = 10

    /// One gain for each user with something held out, in the order of the users, fold after fold.
    private(set) var gains: [Double] = []
    /// How many ratings were compared; 0 for ranking.
    private(set) var ratings = 0

    /// Takes gains as they are; none for nothing measured yet.
    init(gains: [Double] = [], ratings: Int = 0) {
        self.gains = gains
        self.ratings = ratings
    }

    /// The gains of a model or another scorer on what `data` holds out.
    ///
    /// - Parameter isStopped: Asked before every few users; once it says so, what is left is not measured, and the gains mean nothing.
    init(
        of scorer: any Scorer, on data: HeldOutData, isRating: Bool, loop: ParallelLoop,
        isStopped: @Sendable () -> Bool = { false }
    ) {
        let users = data.measuredUsers
        let (train, holdout, range) = (data.train, data.holdout, data.train.ratingRange)
        let buffer = AlignedBuffer<Double>(count: max(1, users.count), repeating: 0)
        loop.run(tasks: (users.count + Self.usersPerTask - 1) / Self.usersPerTask) { _, task in
            let places = task * Self.usersPerTask..<min(users.count, (task + 1) * Self.usersPerTask)
            guard !isRating else {
                for place in places where !isStopped() {
                    buffer[place] = -Self.squaredError(scorer, users[place], holdout, range)
                }
                return
            }
            var ranker = HoldoutRanker(scorer: scorer, train: train, holdout: holdout, protocol: .fullCatalogue)
            let ranks = ranker.ranks(of: Array(users[places]), isStopped: isStopped)
            for (place, ranks) in zip(places, ranks) { buffer[place] = Self.ndcg(ranks, holdout, users[place]) }
        }
        let shares = isRating ? [] : Self.shares(of: users, holdout)
        gains = (0..<users.count).map { buffer[$0] * (shares.isEmpty ? 1 : shares[$0]) }
        if isRating {
            ratings = users.reduce(0) { $0 + holdout.ratings[$1].count { !$0.isNaN } }
        }
    }

    private static let usersPerTask = 64

    /// The figure to tell people: the mean NDCG@10, or the root of the mean squared error; not a number where nothing was
    /// measured.
    var figure: Double {
        ratings > 0 ? (-gains.reduce(0, +) / Double(ratings)).squareRoot() : gains.reduce(0, +) / Double(gains.count)
    }

    /// The mean gain, by which trials are ordered; not a number where nothing was measured.
    var mean: Double { gains.reduce(0, +) / Double(gains.count) }

    /// Adds those of another fold.
    mutating func append(_ other: HoldoutGains) {
        gains += other.gains
        ratings += other.ratings
    }

    /// Those of the first `count` users.
    func first(_ count: Int) -> HoldoutGains {
        HoldoutGains(gains: Array(gains.prefix(count)), ratings: ratings)
    }

    /// Those of the others.
    func dropping(first count: Int) -> HoldoutGains {
        HoldoutGains(gains: Array(gains.dropFirst(count)), ratings: ratings)
    }

    /// Whether what these gain over `other` for the first `count` users, as a share, outweighs what they lose for the others.
    func outweigh(_ other: HoldoutGains, gainingFirst count: Int) -> Bool {
        guard gains.count > count else { return true }
        let gained = first(count).mean * dropping(first: count).mean
        return gained > other.first(count).mean * other.dropping(first: count).mean
    }

    /// The same users with other gains.
    func replacing(_ gain: (Int) -> Double) -> HoldoutGains {
        HoldoutGains(gains: gains.indices.map(gain), ratings: ratings)
    }

    /// Whether these are better than those of `other`, on the same users, by more than `errors` times the standard error of
    /// the mean difference: a smaller lead may well be chance.
    func areClearlyBetter(than other: HoldoutGains, errors: Double = 1) -> Bool {
        precondition(gains.count == other.gains.count, "gains of different users")
        let count = Double(gains.count)
        guard count > 0 else { return false }
        let differences = zip(gains, other.gains).map { $0 - $1 }
        let mean = differences.reduce(0, +) / count
        guard mean > 0, count > 1 else { return false }
        let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        return mean > errors * (variance / count).squareRoot()
    }

    private static func squaredError(
        _ scorer: any Scorer, _ user: Int, _ holdout: Holdout, _ range: ClosedRange<Float>?
    ) -> Double {
        let predictions = scorer.ratings(user: user, items: holdout.items[user])
        return zip(predictions, holdout.ratings[user]).reduce(0) { sum, pair in
            guard !pair.1.isNaN else { return sum }
            let error = Double(pair.0.clamped(to: range)) - Double(pair.1)
            return sum + error * error
        }
    }

    /// How many times as much as the median user's one user's gain counts at most, and the other way round: of a few nothing is to depend.
    private static let greatestShare = 10.0

    /// What each user's gain counts, 1 on average; empty where all count alike.
    private static func shares(of users: [Int], _ holdout: Holdout) -> [Double] {
        guard let importances = holdout.importances else { return [] }
        let raw = users.map { Double(importances[$0]) }
        let median = raw.isEmpty ? 0 : raw.sorted()[raw.count / 2]
        let own = raw.map { min(max($0, median / greatestShare), median * greatestShare) }
        let mean = own.reduce(0, +) / Double(max(1, own.count))
        return mean > 0 ? own.map { $0 / mean } : []
    }

    /// With the relevance itself as the gain (Järvelin and Kekäläinen 2002).
    private static func ndcg(_ result: HoldoutRanks, _ holdout: Holdout, _ user: Int) -> Double {
        let worths = holdout.relevances.map { Dictionary(zip(holdout.items[user], $0[user])) { $1 } }
        func relevance(_ item: Int32) -> Double { Double(worths?[item] ?? 1) }
        func discounted(_ relevance: Double, _ rank: Int) -> Double { relevance / log2(Double(rank + 2)) }
        let gain = zip(result.ranks, result.items).prefix { $0.0 < cutoff }
            .reduce(0) { $0 + discounted(relevance($1.1), $1.0) }
        let ideal = result.items.map(relevance).sorted(by: >).prefix(cutoff).enumerated()
            .reduce(0) { $0 + discounted($1.1, $1.0) }
        return ideal > 0 ? gain / ideal : 0
    }
}

/// Interactions to train on, and others to measure on.
struct HeldOutData {
    let train: InteractionDataset
    let holdout: Holdout
    /// What the items are beside their IDs; nil where nothing is known.
    let features: ItemFeatures?
    /// What was found out about the items of ``train``.
    let memory = ItemItemMemory()
    /// The shape of ``train``.
    let profile: DatasetProfile

    init(train: InteractionDataset, holdout: Holdout, features: ItemFeatures? = nil) {
        self.train = train
        self.holdout = holdout
        self.features = features
        profile = DatasetProfile(train)
    }

    /// The users with something held out.
    var measuredUsers: [Int] { holdout.items.indices.filter { !holdout.items[$0].isEmpty } }
}
