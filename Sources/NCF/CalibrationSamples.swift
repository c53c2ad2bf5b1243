/// What a closed form scores observed pairs, and the negatives each would be trained with: what its scale is fitted on.
///
/// A positive is scored without itself in the history, and where histories have an order with what was there before it, as it
/// would have been when it was to be predicted.
///
/// The same for any number of threads: the negatives of each user are drawn from a stream of their own.
struct CalibrationSamples: Sendable {
    /// Observed pairs, about.
    private static let pairs = 20_000
    private static let usersPerTask = 128

    private(set) var positives: [Float] = []
    private(set) var negatives: [Float] = []

    private init() {}

    init(of blend: ClosedFormBlend, negativesPerPositive: Int, seed: UInt64, loop: ParallelLoop) {
        let dataset = blend.dataset
        let sampler = NegativeSampler(dataset: dataset.withoutDislikes())
        let every = max(1, dataset.interactionCount / Self.pairs)
        let blocks = loop.blocks(of: Self.usersPerTask, below: dataset.userCount) { users in
            var samples = CalibrationSamples()
            for user in users {
                var random = SplitMix64(seed: seed, 7, user)
                let places = dataset.interactions(of: user).filter { $0 % every == 0 }
                guard !places.isEmpty else { continue }
                samples.add(places, of: user, blend) {
                    (0..<negativesPerPositive).compactMap { _ in sampler.draw(user: user, using: &random) }
                }
            }
            return samples
        }
        positives = blocks.flatMap(\.positives)
        negatives = blocks.flatMap(\.negatives)
    }

    private mutating func add(_ places: [Int], of user: Int, _ blend: ClosedFormBlend, draw: () -> [Int32]) {
        guard blend.isOrdered else {
            let history = blend.history(of: user)
            for place in places { add(place, of: user, blend, history, leftOut: blend.historyFactor(of: place), draw) }
            return
        }
        var (history, next) = (blend.beginning(of: user), places.startIndex)
        for place in blend.dataset.interactions(of: user) where next < places.endIndex {
            if place == places[next] {
                add(place, of: user, blend, history, leftOut: 0, draw)
                next += 1
            }
            blend.advance(&history, past: place)
        }
    }

    /// What the interaction in `place` scores beside a history that counts its item as `leftOut`, and its negatives.
    private mutating func add(
        _ place: Int, of user: Int, _ blend: ClosedFormBlend, _ history: ClosedFormBlend.History, leftOut: Float,
        _ draw: () -> [Int32]
    ) {
        let (item, weight) = (Int(blend.dataset.items[place]), blend.dataset.weights[place])
        guard weight != 0 else { return }
        guard weight > 0 else {
            negatives.append(blend.score(user: user, history, item: item))
            return
        }
        positives.append(blend.score(user: user, history, item: item, leftOut: leftOut))
        for item in draw() { negatives.append(blend.score(user: user, history, item: Int(item))) }
    }
}
