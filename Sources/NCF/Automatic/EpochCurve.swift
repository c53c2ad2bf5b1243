/// What a trial gained after each epoch, by user, and how good its best epoch is without flattering it.
///
/// The best of several epochs on the users that it was picked by looks better than it is, and would win against a model
/// without epochs by chance. So each half of the users is measured at the epoch that is best for the other half.
struct EpochCurve {
    private var epochs: [HoldoutGains] = []

    /// Adds the next epoch.
    mutating func append(_ gains: HoldoutGains) {
        epochs.append(gains)
    }

    /// The place of the best epoch by all users, the first among equals; nil without any that can be compared.
    var best: Int? { best { _ in true } }

    /// The gains of every user at the epoch that the other half of the users picks; with two users or more.
    var crossed: HoldoutGains? {
        guard let best, let even = self.best({ $0 % 2 == 0 }), let odd = self.best({ $0 % 2 == 1 }) else {
            return self.best.map { epochs[$0] }
        }
        return epochs[best].replacing { user in epochs[user % 2 == 0 ? odd : even].gains[user] }
    }

    private func best(_ isCounted: (Int) -> Bool) -> Int? {
        var best: (place: Int, sum: Double)?
        for (place, gains) in epochs.enumerated() {
            let counted = gains.gains.indices.filter(isCounted)
            let sum = counted.reduce(0) { $0 + gains.gains[$1] }
            guard !counted.isEmpty, !sum.isNaN else { continue }
            if best.map({ sum > $0.sum }) ?? true { best = (place, sum) }
        }
        return best?.place
    }
}
