import Testing

@testable import NCF

@Suite("Settings by rule, from the shape of the data")
struct AutomaticSettingsTests {
    private func profile(
        users: Int, items: Int, interactions: Int, weight: Double = 1, objective: Objective = .implicit
    ) -> DatasetProfile {
        var profile = DatasetProfile(randomDataset(users: 2, items: 2, perUser: 1, seed: 1))
        profile.activeUsers = users
        profile.activeItems = items
        profile.interactions = interactions
        profile.density = Double(interactions) / (Double(users) * Double(items))
        profile.meanWeight = weight
        profile.objective = objective
        return profile
    }

    private func rules(
        _ profile: DatasetProfile, _ wish: Hyperparameters = .defaults(for: .neumf), given: GivenSettings = []
    ) -> AutomaticSettings {
        AutomaticSettings(profile: profile, wish: wish, given: given)
    }

    @Test("for data of the shape of MovieLens 1M they are the defaults, and alone the settings of Rendle et al. 2021")
    func movieLens() {
        let movieLens = profile(users: 6040, items: 3704, interactions: 994_169)
        let rules = rules(movieLens)
        #expect(rules.settings.start == .besideRegression && rules.settings(rules.start).start == .besideRegression)
        #expect(rules.settings == rules.wish.withObjective(.implicit))
        let alone = ClosedFormStart(sweeps: 12, regularization: 0.007, unobservedWeight: 0.3)
        var variation = rules.start
        variation.historyShare = 0
        #expect(rules.settings(variation).start == alone)
        var wish = Hyperparameters.defaults(for: .neumf)
        wish.history = .none
        let without = self.rules(movieLens, wish, given: .historyDimension)
        #expect(without.settings.start == alone && without.settings(without.start).start == alone)
    }

    @Test("where histories are short the factorisation is what it is alone, beside a regression or not")
    func short() {
        let rules = rules(profile(users: 1500, items: 2000, interactions: 30_000))
        var alone = rules.start
        alone.historyShare = 0
        #expect(rules.settings(alone).start == rules.settings(rules.start).start)
    }

    @Test("the penalty for each interaction falls as histories and audiences grow, and what is absent weighs the same")
    func density() {
        var last = (penalty: Double.infinity, weight: Double.infinity)
        for length in [3, 8, 32, 128, 512] {
            let rules = rules(profile(users: 5000, items: 2000, interactions: 5000 * length))
            var alone = rules.start
            alone.historyShare = 0
            let start = rules.settings(alone).start
            let absence = start.unobservedWeight * 2000 / Double(length)
            #expect(abs(absence / AutomaticSettings.absenceRatio - 1) < 0.06)
            let penalty = start.regularization * (1 + absence)
            #expect(penalty < last.penalty && penalty <= 0.8)
            last = (penalty, start.unobservedWeight)
        }
    }

    @Test("weights that are all the same make no difference to the model")
    func weights() throws {
        let plain = rules(profile(users: 300, items: 200, interactions: 3000)).settings.start
        let heavy = rules(profile(users: 300, items: 200, interactions: 3000, weight: 10)).settings.start
        #expect(abs(heavy.unobservedWeight / plain.unobservedWeight - 10) < 0.5)
        // The same multiple of λ (n + α I) as of what is observed.
        let penalty = { (start: ClosedFormStart) in start.regularization * (10 + start.unobservedWeight * 200) }
        #expect(abs(penalty(heavy) / penalty(plain) - 10) < 1)
    }

    @Test(
        "the dimension is a power of two that the data can fill",
        arguments: [
            (1, 1, 1, 1), (10, 12, 40, 4), (100, 80, 1000, 8), (1000, 500, 10_000, 32), (943, 1682, 100_000, 64),
            (6040, 3704, 994_169, 64), (100_000, 100_000, 150_000, 8), (1, 5000, 5000, 1), (5000, 1, 5000, 1),
        ])
    func dimension(users: Int, items: Int, interactions: Int, expected: Int) {
        let rules = rules(profile(users: users, items: items, interactions: interactions))
        #expect(rules.settings.embeddingDimension == expected)
        #expect(rules.settings(rules.start).embeddingDimension == expected)
        #expect(rules.settings.history.dimension <= min(192, 4 * 128, max(1, items)))
    }

    @Test("alone the factorisation may have more factors than beside what items say of each other")
    func alone() {
        let rules = rules(profile(users: 6040, items: 3704, interactions: 994_169))
        var alone = rules.start
        alone.historyShare = 0
        #expect(rules.settings(alone).embeddingDimension == 128)
        #expect(!rules.settings(alone).hasHistory && rules.settings(rules.start).hasHistory)
    }

    @Test("what was given stays, whatever the rules and a trial say")
    func given() {
        var wish = Hyperparameters.defaults(for: .gmf)
        wish.embeddingDimension = 7
        wish.start.regularization = 0.5
        wish.history.share = 0.25
        wish.epochs = 3
        let given: GivenSettings = [.architecture, .embeddingDimension, .regularization, .historyShare, .epochs]
        let rules = rules(profile(users: 500, items: 300, interactions: 6000), wish, given: given)
        var variation = SettingsVariation(architecture: .neumf, regularization: 8, epochs: 9)
        variation.historyShare = 1
        for settings in [rules.settings, rules.settings(variation)] {
            #expect(settings.architecture == .gmf && settings.embeddingDimension == 7 && settings.epochs == 3)
            #expect(settings.start.regularization == 0.5 && settings.history.share == 0.25)
            #expect(settings.start.unobservedWeight != wish.start.unobservedWeight)
        }
        #expect(given.decideAnything && !GivenSettings.objective.decideAnything && !GivenSettings().decideAnything)
    }

    @Test("what would change nothing is told, but for a value that changes nothing anyway")
    func relevance() {
        let all: GivenSettings = [.dropout, .popularityExponent, .contrastiveMargin, .contrastiveWeight]
        func irrelevant(_ settings: Hyperparameters) -> [String] { all.irrelevant(to: settings).map(\.name) }
        var plain = Hyperparameters.defaults(for: .mf)
        #expect(irrelevant(plain) == ["popularity_exponent", "contrastive_margin", "contrastive_weight"])
        plain.dropout = 0.2
        #expect(irrelevant(plain).first == "dropout")
        plain.negativeSampling = .popularity
        plain.architecture = .neumf
        #expect(irrelevant(plain) == ["contrastive_margin", "contrastive_weight"])
        #expect(GivenSettings().irrelevant(to: .defaults(for: .mf)).isEmpty)
        let cosines = Hyperparameters.defaults(for: .mf, objective: .cosineContrastive)
        #expect(irrelevant(cosines) == ["popularity_exponent"])
        #expect(Objective.cosineContrastive.architecture == .mf && Objective.rating.architecture == .neumf)
    }

    @Test("an mf of ratings knows what was rated, and has the decay that it can bear; dense layers have less")
    func ratings() {
        let rules = rules(profile(users: 943, items: 1682, interactions: 100_000, objective: .rating))
        #expect(rules.start.architecture == .mf && rules.start.objective == .rating)
        let own = rules.settings(rules.start)
        #expect(own.history.dimension == 1 && own.weightDecay == 0.16 && own.batchSize == 256 && own.epochs == 40)
        var other = rules.start
        (other.architecture, other.regularization) = (.neumf, 0.5)
        #expect(rules.settings(other).weightDecay == 0.008 && rules.settings(other).hasHistory)
        other.historyShare = 0
        #expect(!rules.settings(other).hasHistory && rules.settings(other).embeddingDimension == 32)
    }

    @Test("a batch is small where data is, but has two groups where they are each other's negatives")
    func batches() throws {
        var wish = Hyperparameters.defaults(for: .mf, objective: .softmax)
        let given: GivenSettings = [.architecture, .objective, .negativeSampling, .negatives]
        let shape = profile(users: 20, items: 15, interactions: 60)
        (wish.negativeSampling, wish.negativesPerPositive) = (.inBatch, 30)
        let own = rules(shape, wish, given: given)
        for settings in [own.settings, own.settings(own.start)] {
            #expect(settings.batchSize == 116)
            try settings.validate()
        }
        wish.negativesPerPositive = 40
        let larger = rules(profile(users: 5, items: 5, interactions: 9), wish, given: given)
        #expect(larger.settings.batchSize == 82)
        wish.negativeSampling = .uniform
        let plain = rules(profile(users: 5, items: 5, interactions: 9), wish, given: given)
        #expect(plain.settings.batchSize == AutomaticSettings.leastBatch)
    }

    @Test("the seed and the threads are the caller's")
    func seedAndThreads() {
        var wish = Hyperparameters.defaults(for: .mf)
        (wish.seed, wish.threads) = (7, 3)
        let rules = rules(profile(users: 50, items: 30, interactions: 400), wish)
        for settings in [rules.settings, rules.settings(rules.start), rules.popularity] {
            #expect(settings.seed == 7 && settings.threads == 3)
        }
    }

    @Test("whatever the shape, the settings are within their bounds")
    func bounds() throws {
        let sizes = [1, 3, 100, 10_000, 10_000_000]
        for users in sizes {
            for items in sizes {
                for interactions in [1, 50, 100_000, 2_000_000_000] where interactions <= users * items {
                    for objective in [Objective.implicit, .rating] {
                        let shape = profile(
                            users: users, items: items, interactions: interactions, objective: objective)
                        let rules = rules(shape)
                        try rules.settings.validate()
                        try rules.settings(rules.start).validate()
                        try rules.popularity.validate()
                        var far = rules.start
                        (far.regularization, far.architecture, far.epochs) = (1e6, .neumf, 2)
                        try rules.settings(far).validate()
                    }
                }
            }
        }
    }

    @Test("numbers are rounded to two digits, as a person would type them")
    func rounding() {
        #expect(AutomaticSettings.rounded(0.0069871) == 0.007)
        #expect(AutomaticSettings.rounded(0.29777) == 0.3)
        #expect(AutomaticSettings.rounded(123.4) == 120)
        #expect(AutomaticSettings.rounded(1) == 1)
        #expect(AutomaticSettings.rounded(0) == 0)
    }
}

extension Hyperparameters {
    fileprivate func withObjective(_ objective: Objective) -> Hyperparameters {
        var copy = self
        copy.objective = objective
        return copy
    }
}
