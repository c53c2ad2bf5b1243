/// What a search for settings tried, what came of it, and why it ended with what it ended with.
public struct SearchReport: Sendable {
    /// One set of settings that was tried.
    public struct Trial: Sendable {
        /// How a trial ended.
        public enum Outcome: String, Sendable {
            /// It is measured, or waits to be.
            case running
            /// Others of its round were better on a part of the data.
            case stopped
            /// It was measured on all the data that the search looks at, and was not taken.
            case finished
            /// Its settings were taken.
            case chosen
            /// It could not be trained.
            case failed
            /// The budget was spent before it was measured.
            case outOfBudget = "out_of_budget"
        }

        /// Counted from 1.
        public var number: Int
        /// The round it belongs to, from 1.
        public var round: Int
        /// What it is measured by, `ndcg_at_10` over the full catalogue or `rmse`.
        public var criterion: String
        /// Its settings for all the data.
        public var settings: Hyperparameters
        /// What it measured, on more and more data.
        public var measurements: [Measurement] = []
        /// How it ended.
        public var outcome = Outcome.running
    }

    /// One trial on one part of the data.
    public struct Measurement: Sendable {
        /// Interactions that it was trained on.
        public var interactions: Int
        /// Users that it was measured on, once for each fold.
        public var users: Int
        /// What the trial's criterion came to; not a number where the trial failed.
        public var value: Double
        /// Epochs that go as far as the best one did; 0 is the closed form.
        public var epochs: Int
        /// How long it took.
        public var seconds: Double
    }

    /// The figure that decides; of earlier trials it was another one where the search went on with another objective.
    public var criterion: String
    /// What was allowed; nil for the few trials that a choice without a search makes.
    public var budget: SearchBudget?
    /// In the order of their first run.
    public var trials: [Trial] = []
    /// The number of the trial that was measured last; nil before there is one.
    public var latest: Int?
    /// The figure of what every choice must beat: popularity, or the items' mean ratings. Nil if it was not measured.
    public var yardstick: Double?
    /// How long it took.
    public var seconds = 0.0
    /// What was decided and why, as a sentence; nil while the search goes on.
    public var verdict: String?
}

/// Settings that the engine chose.
public struct SettingsChoice: Sendable {
    /// Complete: nothing in them is left to choose.
    public var hyperparameters: Hyperparameters
    /// How they were found; nil where nothing had to be tried.
    public var report: SearchReport?
}
