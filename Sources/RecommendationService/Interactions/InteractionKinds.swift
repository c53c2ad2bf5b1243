public import InteractionFormats
public import InteractionStorage
public import NCF

/// What the kinds of interaction mean: how much each counts, for an item or against it, and what becomes of a kind that
/// nobody described.
///
/// Names are compared byte for byte. An interaction without a kind is ``FeedbackKind/plain``, whatever is configured.
public struct InteractionKinds: Sendable, Equatable {
    /// The most kinds that can be described: each has a line of its own in `/metrics`.
    public static let limit = 100

    /// The kinds described, in the order they were.
    public private(set) var names: [ExactName] = []
    /// What interactions of any other kind are; nil where they are refused.
    public var unknown: FeedbackKind? = .plain
    /// Days that interactions of a kind are kept, where that is said of it; 0 for ever (``Retention``).
    public var retentionDays: [ExactName: Int] = [:]
    private var settings: [ExactName: FeedbackKind] = [:]

    /// No kinds; every interaction is a positive of weight 1.
    public init() {}

    /// The kinds that many applications have, by how much more than a look each says.
    public static let defaults: InteractionKinds = {
        var kinds = InteractionKinds()
        for (name, weight) in [
            ("view", 1.0), ("click", 1), ("play", 1), ("rating", 1), ("bookmark", 2), ("like", 2), ("share", 2),
            ("cart", 3), ("purchase", 5),
        ] {
            kinds["\(name)"] = FeedbackKind(weight: weight)
        }
        for (name, weight) in [("skip", 0.5), ("hide", 1), ("dislike", 1)] {
            kinds["\(name)"] = FeedbackKind(weight: weight, sign: .negative)
        }
        return kinds
    }()

    /// What is said of the kind `name` by name; nil where nothing is.
    public subscript(name: String) -> FeedbackKind? {
        get { settings[ExactName(name)] }
        set {
            let exact = ExactName(name)
            if settings[exact] == nil, newValue != nil { names.append(exact) }
            if newValue == nil { names.removeAll { $0 == exact } }
            settings[exact] = newValue
        }
    }

    /// What an interaction of the kind `name` is; nil where it is refused.
    public func meaning(of name: String?) -> FeedbackKind? {
        guard let name else { return .plain }
        return self[name] ?? unknown
    }

    /// What interactions are held to when they come in.
    public var limits: InteractionLimits {
        InteractionLimits(kinds: unknown == nil ? KnownKinds(names.map(\.text)) : nil)
    }
}
