internal import Dispatch

/// Chooses settings for a dataset by trying some on an own holdout of it: always a few, and within a budget as many as it
/// allows, round after round of ``SuccessiveHalving``.
///
/// What is measured is NDCG@10 over the full catalogue (for ratings the root of the mean squared error). The rules of
/// ``AutomaticSettings`` come first and stay unless a trial is better by more than a standard error; and whatever is best
/// must beat popularity by as much, or popularity it is. Early stopping on the same holdout says how many epochs.
///
/// The same data, settings and number of trials choose the same, for any number of threads; a budget in seconds makes the
/// number of trials, and nothing else, depend on the machine.
public struct SettingsSearch: Sendable {
    let dataset: InteractionDataset
    let features: ItemFeatures?
    let wish: Hyperparameters
    let given: GivenSettings
    let budget: SearchBudget?
    let memoryLimit: Int?
    let isAboutWhatComesNext: Bool
    let now: @Sendable () -> Double
    let isCancelled: @Sendable () -> Bool
    let follow: @Sendable (SearchReport) -> Void

    /// A search that has not begun.
    ///
    /// - Parameters:
    ///   - dataset: What there is to train on; whatever will judge the result must not be in it.
    ///   - features: What its items are beside their IDs; nil where nothing is known.
    ///   - wish: The settings asked for, of which those in `given` are kept in every trial, beside the seed and the threads;
    ///     where they are of dense layers, its architecture too.
    ///   - budget: How much may be tried; nil for the few trials of a choice without a search.
    ///   - memoryLimit: Bytes that a training on all of `dataset` may take beside it; settings that would take more are a trial
    ///     that failed. Nil for any number.
    ///   - isAboutWhatComesNext: Whether the order of histories may count. Not where the result is judged by interactions that are
    ///     no later than the others.
    ///   - now: Seconds since some moment, never falling.
    ///   - isCancelled: Asked after every mini-batch.
    ///   - follow: Is told after each measurement, on the calling thread.
    public init(
        dataset: InteractionDataset, features: ItemFeatures? = nil, wish: Hyperparameters, given: GivenSettings,
        budget: SearchBudget? = nil, memoryLimit: Int? = nil, isAboutWhatComesNext: Bool = true,
        now: @escaping @Sendable () -> Double = SettingsSearch.uptime,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        follow: @escaping @Sendable (SearchReport) -> Void = { _ in }
    ) {
        self.dataset = dataset
        self.features = features
        self.wish = wish
        self.given = given.withMeantArchitecture(of: wish)
        self.budget = budget
        self.memoryLimit = memoryLimit
        self.isAboutWhatComesNext = isAboutWhatComesNext
        self.now = now
        self.isCancelled = isCancelled
        self.follow = follow
    }

    /// Seconds since the machine started.
    public static func uptime() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    /// Whether anything is tried: where a search was asked for, or nothing was said about the model.
    public var triesAnything: Bool { budget != nil || !given.decideAnything }

    /// The settings to train with: of trials, where any are needed, and otherwise what was asked for, with the rules for the
    /// rest.
    ///
    /// - Throws: Only ``TrainingError/cancelled``: settings that cannot be trained are a trial that failed.
    public func choose() throws(TrainingError) -> SettingsChoice {
        let rules = AutomaticSettings(profile: DatasetProfile(dataset), wish: wish, given: given)
        guard triesAnything else { return SettingsChoice(hyperparameters: rules.settings) }
        let choice = try choose(rules)
        if let report = choice.report { follow(report) }
        return choice
    }

    /// The choice by trial, among models of ratings first where the data has them for nearly everything and nobody said what
    /// they are for.
    private func choose(_ rules: AutomaticSettings) throws(TrainingError) -> SettingsChoice {
        guard rules.objective == .rating, wish.objective == .auto else {
            return try SearchRun(self, rules: rules, budget: budget).run()
        }
        let ratings = SearchRun(self, rules: rules, budget: budget?.half)
        let choice = try ratings.run()
        var wish = wish
        wish.objective = .implicit
        // Ratings that are predicted no better than by the item's mean, or by a model that ranks worse than popularity does:
        // who takes what, and likes it, is then the better question.
        let asked = search(on: dataset.discountingDislikes())
        let rules = AutomaticSettings(profile: DatasetProfile(asked.dataset), wish: wish, given: given)
        let run = SearchRun(asked, rules: rules, budget: budget, after: ratings)
        if ratings.beatsYardstick, let best = ratings.bestVariation {
            // Within the whole budget: that of the ratings may be spent.
            let fold = ratings.arena.data(ratings.arena.rungs - 1)[0]
            if try run.ranksLikePopularity(best, on: fold, dislikesUpTo: dataset.dislikesUpTo) { return choice }
        }
        return try run.run()
    }

    /// The same search on other data.
    private func search(on dataset: InteractionDataset) -> SettingsSearch {
        SettingsSearch(
            dataset: dataset, features: features, wish: wish, given: given, budget: budget, memoryLimit: memoryLimit,
            isAboutWhatComesNext: isAboutWhatComesNext, now: now, isCancelled: isCancelled, follow: follow)
    }
}
