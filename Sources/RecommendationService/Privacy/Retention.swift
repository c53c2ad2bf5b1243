public import InteractionStorage

/// How long interactions are kept.
public struct Retention: Sendable, Equatable {
    /// The most days that can be named: a hundred years.
    public static let greatestDays = 36_500

    /// Days that an interaction is kept whose kind says nothing else; 0 for ever.
    public var days: Int
    /// The same for single kinds, by name.
    public var daysByKind: [ExactName: Int]

    /// Gathers the parts.
    public init(days: Int = 0, daysByKind: [ExactName: Int] = [:]) {
        self.days = days
        self.daysByKind = daysByKind
    }

    /// Whether everything is kept for ever.
    public var keepsEverything: Bool { days == 0 && daysByKind.values.allSatisfy { $0 == 0 } }

    /// What is too old at a time, in milliseconds since 1970.
    func rule(at now: Int64) -> RetentionRule {
        func bound(_ days: Int) -> Int64? { days == 0 ? nil : now - Int64(days) * 86_400_000 }
        return RetentionRule(before: bound(days), beforeByKind: daysByKind.mapValues { bound($0) })
    }
}
