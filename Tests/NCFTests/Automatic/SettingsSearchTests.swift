import Locking
import Testing

@testable import NCF

@Suite("Settings chosen by trial")
struct SettingsSearchTests {
    private let groups = PlantedData.groups(users: 40, items: 32, perUser: 6, groups: 4)

    private func search(
        _ data: InteractionDataset, _ wish: Hyperparameters = .defaults(for: .neumf), given: GivenSettings = [],
        budget: SearchBudget? = nil
    ) throws -> SettingsChoice {
        try SettingsSearch(dataset: data, wish: wish, given: given, budget: budget).choose()
    }

    private func report(_ choice: SettingsChoice) throws -> SearchReport { try #require(choice.report) }

    private func ndcg(
        _ settings: Hyperparameters, _ data: InteractionDataset
    ) throws -> (model: Double, popular: Double) {
        let (train, holdout) = data.ownSplit(fold: 7, seed: 99)
        let model = ScoringModel(try Trainer(dataset: train, hyperparameters: settings).train().parameters)
        func measure(_ scorer: any Scorer) -> Double {
            Evaluation.ranking(
                scorer: scorer, train: train, holdout: holdout, cutoffs: [10], protocol: .fullCatalogue
            ).ndcg(at: 10)
        }
        return (measure(model), measure(PopularityScorer(dataset: train)))
    }

    @Test("where there are tastes, a personal model is chosen, and it is better than popularity on other holdouts too")
    func tastes() throws {
        let choice = try search(groups)
        let report = try report(choice)
        #expect(choice.hyperparameters.start.regularization < 1 && choice.hyperparameters.earlyStopping == 0)
        #expect(report.trials.count(where: { $0.outcome == .chosen }) == 1)
        #expect(report.trials.count >= 5 && report.trials.allSatisfy { !$0.measurements.isEmpty })
        #expect(report.verdict?.contains("better than popularity") == true)
        let quality = try ndcg(choice.hyperparameters, groups)
        #expect(quality.model > 2 * quality.popular)
    }

    @Test("where there are none, popularity is chosen")
    func popularity() throws {
        let data = PlantedData.popularity(users: 300, items: 40, perUser: 6)
        let choice = try search(data, budget: SearchBudget(trials: 1))
        #expect(choice.hyperparameters.start.regularization == Hyperparameters.Limit.regularization)
        #expect(choice.hyperparameters.epochs == 0 && choice.hyperparameters.architecture == .mf)
        #expect(try report(choice).verdict?.hasSuffix("Popularity it is.") == true)
        #expect(try report(choice).trials.allSatisfy { $0.outcome != .chosen })
        let quality = try ndcg(choice.hyperparameters, data)
        #expect(quality.model == quality.popular)
    }

    @Test(
        "with nothing to measure on popularity is chosen, and nothing is tried",
        arguments: [(users: 1, perUser: 1), (users: 30, perUser: 1)])
    func unmeasurable(users: Int, perUser: Int) throws {
        let data = PlantedData.groups(users: users, items: 20, perUser: perUser, groups: 2)
        let choice = try search(data)
        #expect(try report(choice).trials.isEmpty && report(choice).yardstick == nil)
        #expect(choice.hyperparameters.start.regularization == Hyperparameters.Limit.regularization)
    }

    @Test(
        "the smallest data is neither refused nor overfitted",
        arguments: [(1, 20, 10), (2, 5, 2), (10, 12, 4), (40, 2, 1), (3, 3, 1)])
    func tiny(users: Int, items: Int, perUser: Int) throws {
        let data = randomDataset(users: users, items: items, perUser: perUser, seed: UInt64(users))
        let settings = try search(data).hyperparameters
        #expect(settings.embeddingDimension <= max(1, min(users, items)))
        // Fewer than five users are told apart by chance alone.
        #expect(users >= 5 || settings.start.regularization == Hyperparameters.Limit.regularization)
        #expect(try Trainer(dataset: data, hyperparameters: settings).train().parameters.isFinite)
    }

    @Test("the same comes out for any number of threads")
    func deterministic() throws {
        var wish = Hyperparameters.defaults(for: .neumf)
        let budget = SearchBudget(trials: 10)
        let choices = try [1, 3].map { threads in
            wish.threads = threads
            return try search(groups, wish, budget: budget)
        }
        for other in choices.dropFirst() {
            let (first, second) = (try report(choices[0]), try report(other))
            #expect(first.trials.map(\.outcome) == second.trials.map(\.outcome))
            #expect(
                first.trials.map { $0.measurements.map(\.value) } == second.trials.map { $0.measurements.map(\.value) })
            var settings = other.hyperparameters
            settings.threads = choices[0].hyperparameters.threads
            #expect(settings == choices[0].hyperparameters)
        }
    }

    @Test("a budget of trials is kept, no trial is another over again, and the rules come first", arguments: [1, 9])
    func trials(count: Int) throws {
        let trials = try report(search(groups, budget: SearchBudget(trials: count))).trials
        let rules = AutomaticSettings(profile: DatasetProfile(groups), wish: .defaults(for: .neumf), given: [])
        #expect(trials.count == count)
        #expect(trials.map(\.number) == Array(1...count))
        #expect(trials.first?.settings == rules.settings(rules.start))
        #expect(Set(trials.map { "\($0.settings)" }).count == count)
    }

    /// A search on a clock that goes on by a second each time it is read, and what it told.
    private func timed(_ seconds: Double) throws -> (choice: SettingsChoice, told: [SearchReport]) {
        let clock = Lock(0.0)
        let reports = Lock<[SearchReport]>([])
        var wish = Hyperparameters.defaults(for: .neumf)
        wish.threads = 1
        let choice = try SettingsSearch(
            dataset: groups, wish: wish, given: [], budget: SearchBudget(seconds: seconds, trials: 5),
            now: {
                clock.withLock {
                    $0 += 1
                    return $0
                }
            },
            follow: { report in reports.withLock { $0.append(report) } }
        ).choose()
        return (choice, reports.withLock { $0 })
    }

    @Test("a budget of seconds ends the search where it is: what was measured counts, the rest does not")
    func seconds() throws {
        let whole = try timed(1_000_000)
        #expect(whole.told.last?.trials.count == 5 && whole.told.count == 6)
        let cut = try timed(whole.told[1].seconds + 1)
        let report = try report(cut.choice)
        #expect(report.trials.map(\.measurements.count) == [1, 1, 0])
        #expect(report.trials[2].outcome == .outOfBudget)
        #expect(report.trials.prefix(2).map(\.outcome).contains(.chosen))
        #expect(report.trials[0].measurements[0].value == whole.told[0].trials[0].measurements[0].value)
    }

    @Test("a budget that is spent before a trial ended leaves the rules' settings", arguments: [1.0, 20])
    func spent(seconds: Double) throws {
        let cut = try timed(seconds)
        #expect(cut.told.count == 1 && cut.told[0].trials.allSatisfy { $0.measurements.isEmpty })
        #expect(cut.choice.report?.verdict?.contains("untried") == true)
        let rules = AutomaticSettings(profile: DatasetProfile(groups), wish: .defaults(for: .neumf), given: [])
        var expected = rules.settings(rules.start)
        expected.threads = 1
        #expect(cut.choice.hyperparameters == expected)
    }

    @Test("a search that is cancelled asks no more often than until then, wherever it is")
    func cancelled() {
        for limit in [1, 2, 20, 200, 2000] {
            let asked = Lock(0)
            #expect(throws: TrainingError.cancelled) {
                var wish = Hyperparameters.defaults(for: .neumf)
                wish.threads = 1
                _ = try SettingsSearch(
                    dataset: groups, wish: wish, given: [],
                    isCancelled: {
                        asked.withLock {
                            $0 += 1
                            return $0 >= limit
                        }
                    }
                ).choose()
            }
            // What is in the middle of something asks once more on its way out, for each thing that it is within.
            #expect((limit...limit + 10).contains(asked.withLock { $0 }))
        }
    }

    @Test("what was given is in every trial, and in what is chosen")
    func given() throws {
        var wish = Hyperparameters.defaults(for: .neumf)
        (wish.embeddingDimension, wish.epochs, wish.history.dimension) = (3, 1, 0)
        let given: GivenSettings = [.architecture, .embeddingDimension, .epochs, .historyDimension]
        let choice = try search(groups, wish, given: given, budget: SearchBudget(trials: 4))
        for settings in try report(choice).trials.map(\.settings) + [choice.hyperparameters] {
            #expect(settings.architecture == .neumf && settings.embeddingDimension == 3)
            #expect(settings.epochs == 1 && !settings.hasHistory)
        }
    }

    @Test("without a search, and with something said about the model, the rules alone speak")
    func untried() throws {
        let choice = try search(groups, .defaults(for: .mf), given: [.architecture])
        #expect(choice.report == nil)
        let rules = AutomaticSettings(
            profile: DatasetProfile(groups), wish: .defaults(for: .mf), given: [.architecture])
        #expect(choice.hyperparameters == rules.settings)
    }

    @Test("what would take more memory than there may be is a trial that failed", arguments: [0, 1])
    func memory(missing: Int) throws {
        func bytes(_ settings: Hyperparameters) -> Int {
            TrainingMemory(
                settings, userCount: groups.userCount, itemCount: groups.itemCount,
                interactionCount: groups.interactionCount
            ).bytes
        }
        let rules = AutomaticSettings(profile: DatasetProfile(groups), wish: .defaults(for: .neumf), given: [])
        let limit = bytes(rules.settings(rules.start)) - missing
        let choice = try SettingsSearch(
            dataset: groups, wish: .defaults(for: .neumf), given: [], memoryLimit: limit
        ).choose()
        let trials = try report(choice).trials
        #expect(trials.map { $0.outcome == .failed } == trials.map { bytes($0.settings) > limit })
        #expect(trials.contains { $0.outcome == .failed } && trials.contains { $0.outcome == .chosen })
        // The rules' own trial is made as small as it has to be.
        #expect((trials[0].settings == rules.settings(rules.start)) == (missing == 0))
        #expect(trials[0].outcome != .failed)
    }

    @Test(
        "where there is memory for the smallest model alone, that is tried; where there is none, no trial is trained")
    func leastMemory() throws {
        let rules = AutomaticSettings(profile: DatasetProfile(groups), wish: .defaults(for: .neumf), given: [])
        var least = rules.start
        (least.dimension, least.historyShare) = (1e-3, 0)
        let settings = rules.settings(least)
        #expect(settings.embeddingDimension == 1 && !settings.hasHistory)
        let bytes = TrainingMemory(
            settings, userCount: groups.userCount, itemCount: groups.itemCount,
            interactionCount: groups.interactionCount
        ).bytes
        for (limit, isTrained) in [(bytes, true), (bytes - 1, false)] {
            let choice = try SettingsSearch(
                dataset: groups, wish: .defaults(for: .neumf), given: [], memoryLimit: limit
            ).choose()
            #expect(try (report(choice).trials[0].outcome != .failed) == isTrained)
            #expect(choice.hyperparameters.embeddingDimension == 1)
            #expect(try report(choice).verdict?.hasPrefix("No trial could be trained") == !isTrained)
        }
    }

    @Test("every measurement is told as it comes, and the end last")
    func follows() throws {
        let reports = Lock<[SearchReport]>([])
        let search = SettingsSearch(
            dataset: groups, wish: .defaults(for: .neumf), given: [], budget: SearchBudget(trials: 4),
            follow: { report in reports.withLock { $0.append(report) } })
        let choice = try search.choose()
        let told = reports.withLock { $0 }
        #expect(told.count == 5 && told.dropLast().allSatisfy { $0.verdict == nil })
        #expect(told.map(\.latest) == [1, 2, 3, 4, 4])
        #expect(told.last?.verdict == choice.report?.verdict)
    }

    @Test("ratings of a full table are predicted, and better than by the items' means")
    func ratings() throws {
        let data = PlantedData.ratings(users: 24, items: 24)
        let choice = try search(data, budget: SearchBudget(trials: 2))
        #expect(choice.hyperparameters.objective == .rating && choice.hyperparameters.epochs > 0)
        #expect(try report(choice).criterion == "rmse")
        let best = try #require(report(choice).trials.first { $0.outcome == .chosen }?.measurements.last?.value)
        #expect(best < 0.5 * (try #require(report(choice).yardstick)), "\(best)")
    }

    @Test("ratings whose prediction ranks worse than popularity give way to who took what, unless they were asked for")
    func unpopularRatings() throws {
        let data = PlantedData.unpopularRatings(users: 20, items: 20)
        #expect(Objective.auto.resolved(for: data) == .rating && data.dislikesUpTo == nil)
        let choice = try search(data)
        #expect(choice.hyperparameters.objective == .implicit)
        let trials = try report(choice).trials
        #expect(try report(choice).criterion == "ndcg_at_10" && trials.map(\.number) == Array(1...trials.count))
        #expect(trials.first?.criterion == "rmse" && trials.last?.criterion == "ndcg_at_10")
        #expect(trials.allSatisfy { ($0.criterion == "rmse") == ($0.settings.objective == .rating) })
        #expect(trials.filter { $0.outcome == .chosen }.map(\.criterion) == ["ndcg_at_10"])
        let budgeted = try report(search(data, budget: SearchBudget(trials: 3))).trials
        #expect(budgeted.map(\.criterion) == ["rmse", "rmse", "ndcg_at_10"])
        let asked = try search(
            data, .defaults(for: .neumf, objective: .rating), given: [.objective], budget: SearchBudget(trials: 1))
        #expect(asked.hyperparameters.objective == .rating)
    }

    @Test("so do ratings of which some are dislikes, and then it is asked who took and liked what")
    func ratingsBelowZero() throws {
        let data = PlantedData.gauge(users: 40, items: 30)
        let most = try #require(data.dislikesUpTo)
        #expect(Objective.auto.resolved(for: data) == .rating && most < 0)
        let choice = try search(data)
        #expect(choice.hyperparameters.objective == .implicit)
        let trials = try report(choice).trials
        #expect(trials.first?.criterion == "rmse" && trials.last?.criterion == "ndcg_at_10")
        // The first rating trial is as it was asked for by name; the first of the others as without the dislikes.
        let liked = try search(data.discountingDislikes(), .defaults(for: .neumf, objective: .implicit))
        let alike = try #require(trials.first { $0.criterion == "ndcg_at_10" })
        #expect(try alike.settings == report(liked).trials.first?.settings)
        #expect(try alike.measurements.map(\.value) == report(liked).trials.first?.measurements.map(\.value))
        #expect(choice.hyperparameters == liked.hyperparameters)
    }

    @Test("ratings whose half of a budget in seconds is spent are still looked at by the whole")
    func halfTheBudget() throws {
        let data = PlantedData.ratings(users: 24, items: 24)
        // A second for each look at the clock, until the half is over in the middle of a trial.
        let seconds = Lock(0.0)
        let choice = try SettingsSearch(
            dataset: data, wish: .defaults(for: .neumf), given: [], budget: SearchBudget(seconds: 40_000),
            now: {
                seconds.withLock {
                    $0 = min($0 + 1, 20_001)
                    return $0
                }
            }
        ).choose()
        let criteria = try report(choice).trials.map(\.criterion)
        #expect(seconds.withLock { $0 } > 20_000 && criteria.count > 1)
        #expect(choice.hyperparameters.objective == .rating && criteria.allSatisfy { $0 == "rmse" })
    }

    @Test("a holdout without dislikes keeps what is not known to be one, and all that belongs to what it keeps")
    func holdoutWithoutDislikes() {
        let holdout = Holdout(
            items: [[1, 2, 3], [4], []], ratings: [[-1, 2, .nan], [-0.5], []], negatives: [[7], [8], []],
            relevances: [[1, 2, 3], [4], []], importances: [1, 2, 3])
        let left = holdout.withoutDislikes(upTo: -0.5)
        #expect(left.items == [[2, 3], [], []] && left.relevances == [[2, 3], [], []])
        #expect(left.ratings[0][0] == 2 && left.ratings[0][1].isNaN && left.ratings[1].isEmpty)
        #expect(left.negatives == holdout.negatives && left.importances == holdout.importances)
        #expect(holdout.withoutDislikes(upTo: nil).items == holdout.items)
    }

    @Test("longer steps are tried of a model of ratings, and ever longer ones while they lead")
    func longerSteps() throws {
        let data = PlantedData.ratings(users: 24, items: 24)
        var wish = Hyperparameters.defaults(for: .mf, objective: .rating)
        wish.epochs = 3
        func rates(_ given: GivenSettings) throws -> [Double] {
            try report(search(data, wish, given: given, budget: SearchBudget(trials: 14))).trials
                .filter { $0.settings.architecture == .mf }.map(\.settings.learningRate)
        }
        let first = AutomaticSettings.ratingLearningRate
        let chosen = try rates([.objective, .epochs])
        #expect(chosen.prefix(3).allSatisfy { $0 == first })
        for factor in [2.0, 4, 8] { #expect(chosen.contains { abs($0 - factor * first) < 1e-9 }, "\(chosen)") }
        #expect(try rates([.objective, .epochs, .learningRate]).allSatisfy { $0 == wish.learningRate })
    }

    @Test("a few interactions are held out several times, so that there are hits to tell models apart by")
    func manyHoldouts() throws {
        let few = PlantedData.groups(users: 1200, items: 32, perUser: 3, groups: 4)
        let measured = try report(search(few, budget: SearchBudget(trials: 1))).trials.first?.measurements.last?.users
        #expect(try #require(measured) > 1500)
    }

    @Test("the settings that come out train the same model again")
    func reproducible() throws {
        let choice = try search(groups, budget: SearchBudget(trials: 3))
        let all: GivenSettings = [
            .architecture, .objective, .embeddingDimension, .mlpEmbeddingDimension, .hiddenLayers, .sweeps,
            .regularization, .unobservedWeight, .historyDimension, .historyRegularization, .historyShare, .epochs,
            .batchSize, .learningRate, .learningRateSchedule, .weightDecay, .negatives, .earlyStopping, .optimizer,
            .momentum, .warmUp, .dropout, .negativeSampling, .popularityExponent, .contrastiveMargin,
            .contrastiveWeight, .historyHalfLife, .ratingOutput,
        ]
        let again = try search(groups, choice.hyperparameters, given: all)
        #expect(again.report == nil && again.hyperparameters == choice.hyperparameters)
    }
}
