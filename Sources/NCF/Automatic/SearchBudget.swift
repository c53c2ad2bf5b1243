/// How much a search for settings may take; see ``SettingsSearch``.
public struct SearchBudget: Sendable, Equatable {
    /// The largest budgets that are accepted; beyond, a mistake is likelier than a wish.
    public enum Limit {
        /// Seconds.
        public static let seconds = 86_400.0
        /// Trials.
        public static let trials = 1000
    }

    /// Seconds after which nothing more is tried; nil for no such limit. What was not finished by then counts for nothing,
    /// so how much is tried depends on the machine.
    public var seconds: Double?
    /// Trials at most; nil for no such limit. With this alone the same data and seed give the same choice everywhere.
    public var trials: Int?

    /// Half of it, of the trials the greater one.
    var half: SearchBudget { SearchBudget(seconds: seconds.map { $0 / 2 }, trials: trials.map { ($0 + 1) / 2 }) }

    /// A budget of either kind, or of both: whichever is spent first.
    public init(seconds: Double? = nil, trials: Int? = nil) {
        self.seconds = seconds
        self.trials = trials
    }
}
