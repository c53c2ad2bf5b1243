/// One run of a ``SettingsSearch`` for one objective.
final class SearchRun {
    /// Trials of a search without a stated number.
    private static let greatestTrials = 300
    /// Measured users wanted on the highest rung. A search compares more, and closer, candidates.
    private static let usersWanted = (choice: 1000, search: 3000)
    /// Interactions below which as many times more users are wanted: where histories are short few of them are hits, and a trial is cheap.
    private static let cheapInteractions = 40_000
    /// Standard errors by which a trial must lead: a neighbour of the rules, which is as likely as they are to be right; and
    /// any other, since of many, or of larger models, some lead by chance.
    static let errors = (neighbour: 0.5, other: 2.0)

    let search: SettingsSearch
    private let budget: SearchBudget?
    let arena: SearchArena
    let start: Double
    /// Whether the job is cancelled or the budget spent.
    let isStopped: @Sendable () -> Bool
    var report: SearchReport
    /// What the trials of the report departed by, in their order.
    var variations: [SettingsVariation] = []
    let rules: AutomaticSettings
    /// The first trial: what the rules say, if there is memory for it.
    private let beginning: SettingsVariation
    /// The place of the rules' own trial, after those of an earlier run.
    let firstTrial: Int
    var proposals: SettingsProposals
    private var random: SplitMix64
    /// The trials of a round that came to the highest rung.
    private var finalists: [Candidate] = []
    private(set) var best: Candidate?
    /// What the closer neighbours departed from.
    private(set) var baseOfNeighbours: Int?
    /// The gains of the neighbours' trials by their rungs, while there are steps to take from them.
    var known: [Int: [Int: HoldoutGains]] = [:]
    private(set) var yardstick: HoldoutGains?
    private var isBudgetSpent = false

    /// A trial measured on a rung.
    struct Candidate {
        var trial: Int
        var gains: HoldoutGains
        var epochs: Int
    }

    /// Why nothing more is measured.
    enum End: Error {
        case cancelled
        case budgetSpent
    }

    /// - Parameters:
    ///   - budget: Of all runs together; nil for the few trials of a choice without a search.
    ///   - earlier: What was tried before, for another objective.
    init(_ search: SettingsSearch, rules: AutomaticSettings, budget: SearchBudget?, after earlier: SearchRun? = nil) {
        self.search = search
        self.rules = rules
        beginning = Self.start(of: rules) { Self.fits($0, search) }
        self.budget = budget
        let isRating = rules.objective == .rating
        let start = earlier?.start ?? search.now()
        let deadline = budget?.seconds.map { start + $0 }
        let isStopped: @Sendable () -> Bool = { search.isCancelled() || deadline.map { search.now() >= $0 } ?? false }
        self.start = start
        self.isStopped = isStopped
        arena = SearchArena(
            dataset: search.dataset, features: search.features, isRating: isRating,
            ratingOutput: search.given.contains(.ratingOutput) ? search.wish.ratingOutput : .linear,
            seed: search.wish.seed, threads: search.wish.threads,
            usersWanted: Self.usersWanted(for: search.dataset, isSearch: budget != nil), isStopped: isStopped)
        proposals = SettingsProposals(
            isRating: isRating, hasTimes: rules.profile.hasTimes && search.isAboutWhatComesNext,
            hasWeights: rules.profile.hasWeights && !search.wish.propensity.isOn, hasFeatures: search.features != nil,
            settings: rules.settings)
        random = SplitMix64(seed: search.wish.seed, 11)
        report = SearchReport(criterion: isRating ? "rmse" : "ndcg_at_10", budget: search.budget)
        variations = earlier?.variations ?? []
        report.trials = earlier?.report.trials ?? []
        firstTrial = variations.count
        for trial in 0..<firstTrial where report.trials[trial].outcome == .chosen {
            report.trials[trial].outcome = .finished
        }
    }

    private static func usersWanted(for dataset: InteractionDataset, isSearch: Bool) -> Int {
        let wanted = isSearch ? usersWanted.search : usersWanted.choice
        return wanted * max(1, cheapInteractions / max(1, dataset.interactionCount))
    }

    /// The best trial with its epochs; nil without one.
    var bestVariation: SettingsVariation? {
        guard let best else { return nil }
        var variation = variations[best.trial]
        variation.epochs = best.epochs
        return variation
    }

    /// All rounds, and the decision.
    func run() throws(TrainingError) -> SettingsChoice {
        guard arena.isMeasurable else {
            return decide(
                falls: true, "There is too little to measure on: fewer than five users could be measured.")
        }
        do throws(End) {
            let measured = arena.yardstick()
            try checkEnd()
            yardstick = measured
            report.yardstick = measured.figure
            var round = 0
            while try runRound(round) { round += 1 }
        } catch {
            if error == .cancelled { throw .cancelled }
            isBudgetSpent = true
            // What was measured before counts.
            adoptFinalists(errors: Self.errors.other)
        }
        return conclude()
    }

    private var trialsLeft: Int { (budget?.trials ?? Self.greatestTrials) - report.trials.count }

    /// One round.
    ///
    /// - Returns: Whether another may follow.
    private func runRound(_ round: Int) throws(End) -> Bool {
        let isPlanned = round < SettingsProposals.plannedRounds
        guard isPlanned || budget != nil else { return false }
        guard round != SettingsProposals.roundOfSteps else {
            try takeSteps(round)
            known = [:]
            return true
        }
        if round < SettingsProposals.roundOfSteps { baseOfNeighbours = best?.trial }
        let left = trialsLeft
        let base = best.map { variations[$0.trial] } ?? beginning
        let fresh = proposals.next(round: round, from: base, limit: left, using: &random)
        // A planned round may have nothing new to offer; the random ones end when they have nothing left.
        guard !fresh.isEmpty else { return isPlanned && left > 0 }
        let first = report.trials.count
        for variation in fresh { add(variation, round) }
        try halve(fresh.count, from: first, keeping: round < SettingsProposals.roundOfSteps)
        // The rules are what every other trial is compared with.
        if round == 0, !finalists.contains(where: { $0.trial == firstTrial }) {
            try compete(firstTrial, rung: arena.rungs - 1)
        }
        let isOfNeighbours = round < SettingsProposals.roundOfSteps
        adopt(errors: isOfNeighbours ? Self.errors.neighbour : Self.errors.other)
        return true
    }

    private func add(_ variation: SettingsVariation, _ round: Int) {
        variations.append(variation)
        report.trials.append(
            .init(
                number: report.trials.count + 1, round: round + 1, criterion: report.criterion,
                settings: rules.settings(variation)))
    }

    /// Adds a trial of `variation`, unless it was tried or the budget has no more; its place.
    func propose(_ variation: SettingsVariation, _ round: Int) -> Int? {
        guard trialsLeft > 0, proposals.take(variation) else { return nil }
        add(variation, round)
        return variations.count - 1
    }

    /// Runs `count` trials up the rungs.
    private func halve(_ count: Int, from first: Int, keeping: Bool) throws(End) {
        var plan = SuccessiveHalving(trials: count, rungs: arena.rungs, reduction: SearchArena.reduction)
        while let step = plan.next {
            let candidate = try compete(first + step.trial, rung: step.rung)
            plan.record(candidate.gains.mean)
            if keeping { known[candidate.trial, default: [:]][step.rung] = candidate.gains }
        }
    }

    /// Measures a trial, which on the highest rung makes it one to be compared with the best.
    @discardableResult
    func compete(_ trial: Int, rung: Int) throws(End) -> Candidate {
        let candidate = try measure(trial, rung: rung)
        if rung == arena.rungs - 1 { finalists.append(candidate) }
        return candidate
    }

    /// Makes a finalist that leads by `errors` the best; what did not come so far has stopped.
    func adopt(errors: Double) {
        adoptFinalists(errors: errors)
        for trial in firstTrial..<report.trials.count where report.trials[trial].outcome == .running {
            report.trials[trial].outcome = .stopped
        }
    }

    /// The rules' trial is the first best; another becomes it when it is clearly better, the best of them first.
    private func adoptFinalists(errors: Double) {
        let measured = finalists.filter { !$0.gains.mean.isNaN }
        finalists = []
        best = best ?? measured.first { $0.trial == firstTrial }
        let ordered = measured.sorted { left, right in
            (left.gains.mean, right.trial) > (right.gains.mean, left.trial)
        }
        for candidate in ordered {
            if report.trials[candidate.trial].outcome == .running {
                report.trials[candidate.trial].outcome = .finished
            }
            // A larger model that no epoch improved is no more than what it started from.
            let isPlain = candidate.epochs == 0 && variations[candidate.trial].architecture != .mf
            guard !isPlain || search.given.contains(.architecture) else { continue }
            if best.map({ isBetter(candidate, than: $0, errors: errors) }) ?? true { best = candidate }
        }
    }

    /// Whether a candidate leads.
    private func isBetter(_ candidate: Candidate, than best: Candidate, errors: Double) -> Bool {
        let (own, others) = (candidate.gains, best.gains)
        guard isAboutTheEnd(candidate.trial, best.trial) else {
            return own.areClearlyBetter(than: others, errors: errors)
        }
        return isBetterAtTheEnd(own, than: others, rung: arena.rungs - 1, errors: errors)
    }

    /// Whether one of two trials has histories whose order matters.
    func isAboutTheEnd(_ trial: Int, _ other: Int) -> Bool {
        hasOrder(trial) || hasOrder(other)
    }

    /// Whether the order of a trial's histories matters, and is judged by what comes next.
    func hasOrder(_ trial: Int) -> Bool {
        let settings = report.trials[trial].settings
        return rules.objective != .rating && proposals.hasTimes && settings.hasHistory && settings.history.order != nil
    }

    /// Where the order of histories matters the first holdout decides, whose interactions are the latest: among random ones nothing
    /// comes last. But what is won there must outweigh what is lost on the random ones.
    func isBetterAtTheEnd(
        _ own: HoldoutGains, than others: HoldoutGains, rung: Int, errors: Double
    ) -> Bool {
        let users = arena.data(rung)[0].measuredUsers.count
        return own.first(users).areClearlyBetter(than: others.first(users), errors: errors)
            && own.outweigh(others, gainingFirst: users)
    }

    private func conclude() -> SettingsChoice {
        for trial in report.trials.indices where report.trials[trial].outcome == .running {
            report.trials[trial].outcome = .outOfBudget
        }
        guard let best else {
            return decide(
                falls: false,
                isBudgetSpent
                    ? "The budget was spent before a trial ended: these are the rules' settings, untried."
                    : "No trial could be trained: these are the rules' settings.")
        }
        let name = "Trial \(report.trials[best.trial].number)"
        let yardstick = rules.objective == .rating ? "the items' mean ratings" : "popularity"
        if beatsYardstick {
            // Its figure over all that is held out may be a lesser one.
            let isByTheLatest = hasOrder(best.trial)
            let merit = isByTheLatest ? "predicts the latest interactions best, and is" : "is the best, and"
            return decide(falls: false, "\(name) \(merit) better than \(yardstick).")
        }
        return decide(falls: true, "\(name) is the best, but not clearly better than \(yardstick).")
    }

    /// Ends the report and puts the settings together: the best trial's, or those of popularity where it `falls` back and
    /// nothing was said about the model.
    private func decide(falls: Bool, _ verdict: String) -> SettingsChoice {
        let fallsBack = falls && rules.objective == .implicit && !search.given.decideAnything
        report.seconds = search.now() - start
        report.verdict = fallsBack ? "\(verdict) Popularity it is." : verdict
        var settings = fallsBack ? rules.popularity : rules.settings(best.map { variations[$0.trial] } ?? beginning)
        if !fallsBack, let best {
            report.trials[best.trial].outcome = .chosen
            if !search.given.contains(.epochs) {
                settings.epochs = best.epochs
                if !search.given.contains(.earlyStopping) { settings.earlyStopping = 0 }
            }
        }
        return SettingsChoice(hyperparameters: settings, report: report)
    }
}
