internal import Glibc

/// How much less an item of a history counts, the further it lies from the history's end.
///
/// An item counts half as much as one that lies ``halfLife`` places nearer to the end: the newest 1, the one before it
/// 2^(−1/h), and so on; those beyond the history's ``length`` nothing. Dislikes, and what counts for nothing, have no place in a
/// history.
struct HistoryRecency: Sendable, Equatable {
    /// h, in items; 0 has all of them count alike.
    var halfLife: Double
    /// How many items count, the newest; 0 has all of them.
    var length = 0

    /// All items count alike, whatever their order.
    static let none = HistoryRecency(halfLife: 0)

    /// Whether there is any such thing.
    var isOn: Bool { halfLife > 0 || length > 0 }

    /// What the item in `place` counts, the newest being in place 0.
    func factor(at place: Int) -> Float { length > 0 && place >= length ? 0 : fading(over: place) }

    /// How much less an item counts so many places further from the end, as long as it counts.
    func fading(over places: Int) -> Float { halfLife > 0 ? Float(exp2(-Double(places) / halfLife)) : 1 }

    /// What each interaction of `dataset` counts in its user's history; 0 where it is in none, for it has no weight.
    func factors(of dataset: InteractionDataset) -> [Float] {
        var factors = dataset.weights.map { $0 > 0 ? Float(1) : 0 }
        guard isOn else { return factors }
        for user in 0..<dataset.userCount {
            var place = 0
            for index in dataset.interactions(of: user).reversed() where dataset.weights[index] > 0 {
                factors[index] *= factor(at: place)
                place += 1
            }
        }
        return factors
    }
}
