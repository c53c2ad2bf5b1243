/// What was found wrong with a dataset's rows, or odd about them, and what was done about it.
///
/// Nothing of it changes the record that the rows come from.
public struct DatasetCleaning: Sendable, Equatable {
    /// One instance of a finding, to look it up by.
    public struct Example: Sendable, Equatable {
        /// Whose it is; nil where it is no user's.
        public var userID: String?
        /// What it is with; nil where it is about no item.
        public var itemID: String?
        /// What is odd about it, as a clause.
        public var detail: String

        /// States an instance.
        public init(userID: String? = nil, itemID: String? = nil, detail: String) {
            (self.userID, self.itemID, self.detail) = (userID, itemID, detail)
        }
    }

    /// How many examples a finding has at most.
    public static let exampleLimit = 5
    /// The share of all rows from which on a fault is serious.
    static let seriousShare = 0.01

    /// Rows offered to the builder.
    public var rows = 0
    /// What the dataset is like when it has been cleaned; nil before it was looked at as a whole.
    public internal(set) var figures: DatasetFigures?
    /// What decided about rare users and items, and about bots.
    public internal(set) var rules = CleaningRules()
    private var counts: [CleaningFinding: Int] = [:]
    private var examplesByFinding: [CleaningFinding: [Example]] = [:]
    /// Interactions of what is counted, where that is users or items.
    private var interactions: [CleaningFinding: Int] = [:]
    /// Interactions that the rules keep from being learned.
    private var leftOut: [CleaningFinding: Int] = [:]

    /// A report of nothing found.
    public init() {}

    /// How often it was found.
    public subscript(finding: CleaningFinding) -> Int {
        get { counts[finding] ?? 0 }
        set { counts[finding] = newValue == 0 ? nil : newValue }
    }

    /// The first few instances.
    public func examples(of finding: CleaningFinding) -> [Example] { examplesByFinding[finding] ?? [] }

    /// Whether it was found so often that somebody should see to it: a fault of one row in a hundred, or more.
    public func isSerious(_ finding: CleaningFinding) -> Bool {
        let affected = interactions[finding] ?? self[finding]
        return finding.isFault && affected > 0 && Double(affected) >= Self.seriousShare * Double(rows)
    }

    /// Those that are serious, in their order.
    public var serious: [CleaningFinding] { CleaningFinding.allCases.filter(isSerious) }

    /// Counts one, and keeps it where there are few yet.
    mutating func note(_ finding: CleaningFinding, _ example: @autoclosure () -> Example) {
        counts[finding, default: 0] += 1
        guard counts[finding, default: 0] <= Self.exampleLimit else { return }
        examplesByFinding[finding, default: []].append(example())
    }

    /// States a finding about users or items.
    mutating func state(
        _ finding: CleaningFinding, count: Int, interactions: Int, leftOut: Int = 0, examples: [Example]
    ) {
        self[finding] = count
        self.interactions[finding] = count == 0 ? nil : interactions
        self.leftOut[finding] = leftOut == 0 ? nil : leftOut
        examplesByFinding[finding] = examples.isEmpty ? nil : Array(examples.prefix(Self.exampleLimit))
    }

    /// Takes a finding back.
    mutating func withdraw(_ finding: CleaningFinding) {
        counts[finding] = nil
        examplesByFinding[finding] = nil
    }

    /// The same without the examples that name one of the users for whom `isForgotten` is true.
    public func forgetting(_ isForgotten: (String) -> Bool) -> DatasetCleaning {
        var rest = self
        for (finding, examples) in examplesByFinding {
            rest.examplesByFinding[finding] = examples.filter { example in
                example.userID.map { !isForgotten($0) } ?? true
            }
        }
        return rest
    }
}

extension DatasetCleaning {
    /// What was done about a finding, as a clause.
    public func done(_ finding: CleaningFinding) -> String {
        switch finding {
        case .exactDuplicates: "one of each stands"
        case .repeatedPairs, .conflictingRatings:
            "the latest of a kind stands, and of several kinds the strongest that says the same as the latest"
        case .conflictingSigns: "the latest says whether the item is liked"
        case .nonFiniteRatings, .invalidWeights, .offScaleRatings, .refusedKinds:
            "left out of the training; the record keeps them"
        case .futureTimes: "kept: they come last in their users' histories, and nothing fades by them"
        case .earlyTimes: "kept: they order their users' histories as they are"
        case .missingTimes: "kept: each comes right after what had come before it, and does not fade"
        case .missingRatings: "kept: a model of ratings learns nothing from them"
        case .rareUsers: rare(finding, least: rules.minimumUserInteractions)
        case .rareItems: rare(finding, least: rules.minimumItemInteractions)
        case .botLikeUsers:
            rules.bots == .leaveOut
                ? "left out of the training: \(leftOut[finding] ?? 0) interactions" : "kept; \(have(finding))"
        case .constantRaters, .popularItems: "kept; \(have(finding))"
        }
    }

    private func have(_ finding: CleaningFinding) -> String { "they have \(interactions[finding] ?? 0) interactions" }

    private func rare(_ finding: CleaningFinding, least: Int) -> String {
        guard rules.minimumUserInteractions > 1 || rules.minimumItemInteractions > 1 else {
            return "kept; \(have(finding))"
        }
        let others = "\(leftOut[finding] ?? 0) interactions count as seen and nothing else"
        return least > 1
            ? "those that are left with fewer than \(least) are not learned from: \(others)"
            : "those that the rule of the other side leaves none are not learned from: \(others)"
    }
}
