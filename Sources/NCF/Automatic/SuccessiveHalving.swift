/// Which trial runs next, and on which rung of data: successive halving (Jamieson and Talwalkar 2016), as a value.
///
/// All trials run on the lowest rung; of those the best part goes on to the next, where a trial costs more and says more, and
/// so on until one is left, which runs on the highest. A round of few trials begins further up. Steps out, scores in; the same
/// scores give the same steps.
public struct SuccessiveHalving: Sendable, Equatable {
    /// One trial on one rung.
    public struct Step: Sendable, Equatable {
        /// Which trial, from 0.
        public var trial: Int
        /// Which rung, from 0; the last has all the data.
        public var rung: Int
    }

    /// How many trials there are for each one that goes on.
    public let reduction: Int
    /// How many rungs there are, used or not.
    public let rungs: Int
    /// The rung whose trials run now.
    public private(set) var rung: Int
    /// Trials of the rung that have not run, in order.
    private var waiting: [Int]
    /// Scores of those that have.
    private var scores: [(trial: Int, score: Double)] = []

    /// A round of `trials`, the first of which is preferred among equals.
    public init(trials: Int, rungs: Int, reduction: Int = 3) {
        precondition(trials >= 0 && rungs > 0 && reduction > 1)
        self.reduction = reduction
        self.rungs = rungs
        waiting = Array(0..<trials)
        var steps = 0
        var left = trials
        while left > 1 && steps < rungs - 1 {
            left = (left + reduction - 1) / reduction
            steps += 1
        }
        rung = rungs - 1 - steps
    }

    /// What is to run next; nil when the round is over.
    public var next: Step? { waiting.first.map { Step(trial: $0, rung: rung) } }

    /// Tells how the next step went: greater is better, and not a number is a trial that failed.
    public mutating func record(_ score: Double) {
        precondition(!waiting.isEmpty, "the round is over")
        scores.append((waiting.removeFirst(), score))
        if waiting.isEmpty && rung < rungs - 1 { promote() }
    }

    /// Drops what failed, keeps the best part of the rest in the order of the trials, and goes up a rung.
    private mutating func promote() {
        let count = (scores.count + reduction - 1) / reduction
        let best = scores.filter { !$0.score.isNaN }.sorted { ($0.score, $1.trial) > ($1.score, $0.trial) }
        waiting = best.prefix(count).map(\.trial).sorted()
        scores = []
        if !waiting.isEmpty { rung += 1 }
    }

    /// Whether both stand at the same place, with the same scores.
    public static func == (left: Self, right: Self) -> Bool {
        left.reduction == right.reduction && left.rungs == right.rungs && left.rung == right.rung
            && left.waiting == right.waiting && left.scores.elementsEqual(right.scores, by: ==)
    }
}
