/// A direction in which a search goes on while what it tried last is better than what it tried before: one setting, halved or
/// doubled.
struct SettingsLine {
    /// Steps after which it ends in any case: five halve a penalty to a thirtieth.
    static let greatestSteps = 5

    private let setting: WritableKeyPath<SettingsVariation, Double>
    private let factor: Double
    /// What comes after a setting of 0.
    private let beginning: Double

    private init(
        _ setting: WritableKeyPath<SettingsVariation, Double>, factor: Double, beginning: Double = 0
    ) {
        self.setting = setting
        self.factor = factor
        self.beginning = beginning
    }

    /// The next place after `variation`.
    func step(from variation: SettingsVariation) -> SettingsVariation {
        var next = variation
        next[keyPath: setting] = next[keyPath: setting] == 0 ? beginning : factor * next[keyPath: setting]
        return next
    }

    /// From `base` on to `first`, by the regularisation of what items say of each other; nil where they do not differ in it.
    static func histories(from base: SettingsVariation, to first: SettingsVariation) -> SettingsLine? {
        line(\.historyRegularization, from: base, to: first)
    }

    /// From the rules on to `best`, by the regularisation; nil where it is theirs, or where one further out was tried with all
    /// else the same.
    static func regularization(to best: SettingsVariation, tried: [SettingsVariation]) -> SettingsLine? {
        guard let line = line(\.regularization, from: SettingsVariation(), to: best) else { return nil }
        let isInside = tried.contains { other in
            var same = other
            same.regularization = best.regularization
            let isFurther = (other.regularization < best.regularization) == (line.factor < 1)
            return same == best && isFurther && other != best
        }
        return isInside ? nil : line
    }

    /// Histories in which what came last counts ever more.
    static var shorter: SettingsLine {
        SettingsLine(\.triedHalfLife, factor: 0.5, beginning: SettingsProposals.shortestHalfLife)
    }

    /// Histories whose items say ever more of each other.
    static var looser: SettingsLine { SettingsLine(\.historyRegularization, factor: 0.5) }

    /// Histories that say ever less of what came before.
    static var onward: SettingsLine { SettingsLine(\.historyBackward, factor: 0.5) }

    /// Histories that say ever more of what came before.
    static var backward: SettingsLine { SettingsLine(\.historyBackward, factor: 2) }

    /// Histories in which what features say counts ever more.
    static var told: SettingsLine {
        SettingsLine(\.triedFeatures, factor: 3, beginning: SettingsProposals.firstFeatures)
    }

    /// Histories in which what they say counts ever less.
    static var untold: SettingsLine {
        SettingsLine(\.triedFeatures, factor: 1.0 / 3, beginning: SettingsProposals.firstFeatures)
    }

    /// Ever more of neighbours in what items say of each other.
    static var nearer: SettingsLine {
        SettingsLine(\.triedNeighbourShare, factor: 1.5, beginning: HistoryBag().neighbourShare)
    }

    /// Ever less of them.
    static var farther: SettingsLine {
        SettingsLine(\.triedNeighbourShare, factor: 0.5, beginning: HistoryBag().neighbourShare)
    }

    /// Ever less of the factorisation.
    static var related: SettingsLine { SettingsLine(\.factorisationShare, factor: 0.5) }

    /// Ever more regularisation.
    static var firmer: SettingsLine { SettingsLine(\.regularization, factor: 2) }

    /// Ever less of it.
    static var freer: SettingsLine { SettingsLine(\.regularization, factor: 0.5) }

    /// Ever longer steps.
    static var faster: SettingsLine { SettingsLine(\.learningRate, factor: 2) }

    /// Ever wider histories.
    static var wider: SettingsLine { SettingsLine(\.historyDimension, factor: 2) }

    private static func line(
        _ setting: WritableKeyPath<SettingsVariation, Double>, from base: SettingsVariation, to first: SettingsVariation
    ) -> SettingsLine? {
        let (old, new) = (base[keyPath: setting], first[keyPath: setting])
        return old == new ? nil : SettingsLine(setting, factor: new < old ? 0.5 : 2)
    }
}
