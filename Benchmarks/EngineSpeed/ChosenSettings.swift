import ArgumentParser
import JSON
import NCF

/// `EngineSpeed chosen-settings`: how well the settings that the engine chooses rank held-out items in the full catalogue,
/// beside its rules untried, the defaults and popularity.
///
/// The engine sees the training part alone, and so do the rules and the defaults, whose epochs are found on a random tenth of
/// it. What is held out decides nothing.
struct ChosenSettings: ParsableCommand {
    @OptionGroup var data: ThinnedData

    @Flag(help: "Hold out a random interaction of each user rather than the latest.")
    var random = false

    @Option(help: "How many times, with seeds 1 and up.")
    var seeds = 3

    @Option(help: "Seconds of a search besides.")
    var searchSeconds: Double?

    @Option(help: "Trials of a search besides.")
    var searchTrials: Int?

    @Option(help: "Threads.")
    var threads = 2

    func run() throws {
        for seed in 1...UInt64(max(1, seeds)) {
            let (train, test) = try data.split(isRandom: random, seed: seed)
            var wish = Hyperparameters.defaults(for: .mf, objective: .implicit)
            (wish.seed, wish.threads) = (seed, threads)
            let rules = AutomaticSettings(profile: DatasetProfile(train), wish: wish, given: [.architecture]).settings
            var models = try [
                ("mf", withEpochs(wish, train), nil), ("neumf", withEpochs(neumf(wish), train), nil),
                ("rules", withEpochs(rules, train), nil), choice("auto", train, wish, nil),
            ]
            if searchSeconds != nil || searchTrials != nil {
                let budget = SearchBudget(seconds: searchSeconds, trials: searchTrials)
                models.append(try choice("search", train, wish, budget))
            }
            try report(models, train, test, seed)
        }
    }

    private typealias Model = (name: String, settings: Hyperparameters, cost: Cost?)
    private typealias Cost = (trials: Int, cpuSeconds: Double)

    private func report(_ models: [Model], _ train: InteractionDataset, _ test: Holdout, _ seed: UInt64) throws {
        let popularity = measure(PopularityScorer(dataset: train), train, test)
        let measured = try models.map { ($0, try measure($0.settings, train, test)) }
        EngineSpeed.report { report in
            report.member("users", train.userCount)
            report.member("items", train.itemCount)
            report.member("interactions", train.interactionCount)
            report.member("seed", Int(seed))
            for (model, metrics) in measured {
                report.member("\(model.name)_hr", metrics.hitRate(at: 10))
                report.member("\(model.name)_ndcg", metrics.ndcg(at: 10))
                guard let cost = model.cost else { continue }
                report.member("\(model.name)_settings", Self.words(model.settings))
                report.member("\(model.name)_trials", cost.trials)
                report.member("\(model.name)_cpu_seconds", cost.cpuSeconds)
            }
            report.member("popularity_hr", popularity.hitRate(at: 10))
            report.member("popularity_ndcg", popularity.ndcg(at: 10))
        }
    }

    /// What the engine chooses, and how much work that was.
    private func choice(
        _ name: String, _ train: InteractionDataset, _ wish: Hyperparameters, _ budget: SearchBudget?
    ) throws -> Model {
        var wish = wish
        wish.objective = .auto
        let started = EngineSpeed.cpuSeconds
        let choice = try SettingsSearch(dataset: train, wish: wish, given: [], budget: budget).choose()
        let cost = (choice.report?.trials.count ?? 0, EngineSpeed.cpuSeconds - started)
        return (name, choice.hyperparameters, cost)
    }

    private func neumf(_ wish: Hyperparameters) -> Hyperparameters {
        var settings = Hyperparameters.defaults(for: .neumf, objective: .implicit)
        (settings.seed, settings.threads) = (wish.seed, wish.threads)
        return settings
    }

    /// The same settings, with as many epochs as a random tenth of `train` finds best.
    private func withEpochs(_ settings: Hyperparameters, _ train: InteractionDataset) throws -> Hyperparameters {
        var settings = settings
        let (part, validation) = train.split(.random, seed: settings.seed)
        settings.epochs = try Trainer(dataset: part, hyperparameters: settings).train(holdout: validation).bestEpoch
        settings.earlyStopping = 0
        return settings
    }

    private func measure(
        _ settings: Hyperparameters, _ train: InteractionDataset, _ test: Holdout
    ) throws -> RankingMetrics {
        let trained = try Trainer(dataset: train, hyperparameters: settings).train()
        return measure(ModelSnapshot(measuring: trained.parameters, on: train, settings), train, test)
    }

    private func measure(_ scorer: any Scorer, _ train: InteractionDataset, _ test: Holdout) -> RankingMetrics {
        Evaluation.ranking(scorer: scorer, train: train, holdout: test, cutoffs: [10], protocol: .fullCatalogue)
    }

    private static func words(_ settings: Hyperparameters) -> String {
        let form = "λ \(settings.start.regularization) α \(settings.start.unobservedWeight)"
        let history = settings.hasHistory ? " history \(settings.history.regularization) \(settings.history.share)" : ""
        return "\(settings.architecture) \(settings.objective) \(settings.embeddingDimension) \(form)\(history) "
            + "\(settings.epochs) epochs"
    }
}
