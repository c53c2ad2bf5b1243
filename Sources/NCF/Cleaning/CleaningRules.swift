/// Who and what a model is not to learn from; by itself everybody and everything is learned from.
public struct CleaningRules: Sendable, Equatable {
    /// What becomes of users who look like programs (``BotRule``).
    public enum Bots: String, Sendable, CaseIterable {
        /// They are learned from like all others.
        case keep
        /// They are as if they had never been there.
        case leaveOut = "leave_out"
    }

    /// The largest number that a minimum may be.
    public static let greatestMinimum = 10_000

    /// Users with fewer interactions, each with an item that is learned from, are not learned from.
    public var minimumUserInteractions = 1
    /// Items with fewer, each of a user who is learned from, are not.
    public var minimumItemInteractions = 1
    /// What becomes of bots.
    public var bots = Bots.keep

    /// The rules that leave nobody and nothing out.
    public init() {}

    /// Whether they leave nobody and nothing out.
    public var keepEverything: Bool { self == CleaningRules() }
}

extension CleaningRules {
    /// ``bots`` by name; a name that is none changes nothing.
    public var botsName: String {
        get { bots.rawValue }
        set { bots = Bots(rawValue: newValue) ?? bots }
    }
}
