import InteractionStorage
import Locking

/// A ranking that was made, and of what.
struct KeptRanking: Sendable {
    var ranking: ItemRanking
    var removals: Int
    var additions: Int
    var madeAt: Int64
}

extension ItemActivity {
    /// For so long a ranking is answered with again although there are newer interactions; removals end it at once.
    static let keptMilliseconds: Int64 = 10_000
    /// The least that is ranked, so that one ranking serves questions for more and for less.
    private static let leastRanked = 1000
    private static let mostKept = 16

    /// The answer to `question`, at least `count` items long if there are as many; nil while the record is being counted.
    ///
    /// Complexity: O(1) mostly; every ten seconds, and after removals, linear in the items of the hours asked for. Whoever asks then
    /// waits for it, so not for an event loop.
    func ranking(_ question: ItemRanking.Question, atLeast count: Int) -> ItemRanking? {
        if let kept = kept(question, count) { return kept }
        return ranking.withLock { _ in kept(question, count) ?? make(question, count) }
    }

    /// As ``ranking(_:atLeast:)``, for event loops: while another thread makes one, the last one is the answer, nil where there is none.
    func rankingAtHand(_ question: ItemRanking.Question, atLeast count: Int) -> ItemRanking? {
        if let kept = kept(question, count) { return kept }
        let made = ranking.withLockIfFree { _ in kept(question, count) ?? make(question, count) }
        return made ?? rankings.withLock { $0[question]?.ranking }
    }

    private func kept(_ question: ItemRanking.Question, _ count: Int) -> ItemRanking? {
        guard let kept = rankings.withLock({ $0[question] }),
            kept.ranking.isWhole || kept.ranking.entries.count >= count
        else { return nil }
        let now = clock.milliseconds()
        let isOfThisHour = ArrivalHours.hour(of: kept.madeAt) == ArrivalHours.hour(of: now)
        let isYoung = (0..<Self.keptMilliseconds).contains(now - kept.madeAt)
        let isValid = state.withLock { state in
            let isKept = isYoung && state.counts.names.count > fewItems
            return kept.removals == state.removals && (isKept || kept.additions == state.additions)
        }
        return isValid && isOfThisHour ? kept.ranking : nil
    }

    private func make(_ question: ItemRanking.Question, _ count: Int) -> ItemRanking? {
        let now = clock.milliseconds()
        let moment = state.withLock { state in
            state.forget(before: ArrivalHours.hour(of: now) - settings.longestHours)
            return state
        }
        guard moment.isCounted else { return nil }
        let firstHour = question.hours.map { hours in
            max(moment.counts.firstHour, ArrivalHours.hour(of: now - Int64(hours) * ArrivalHours.hourLength))
        }
        // To twice as many each time, or everybody who wants a few more would have it made again.
        var limit = Self.leastRanked
        while limit < count { limit *= 2 }
        let ranking = ItemRanking(
            question, of: moment.counts, from: firstHour, limit: limit,
            by: TrendScore(prior: Double(settings.prior)))
        let kept = KeptRanking(
            ranking: ranking, removals: moment.removals, additions: moment.additions, madeAt: now)
        rankings.withLock { rankings in
            if rankings.count >= Self.mostKept { rankings = [:] }
            rankings[question] = kept
        }
        return ranking
    }

    /// Those of `items` that were touched, as `/popular` ranks them, each with its share of all interactions; nil while the record is
    /// being counted, and where nothing was touched.
    func ranked(_ items: [ExactName]) -> [(item: ExactName, share: Double)]? {
        let found = state.withLock { state -> (places: [(item: ExactName, place: Int, count: Int)], total: Int)? in
            guard state.isCounted, state.counts.total > 0 else { return nil }
            let places = items.compactMap { item in
                state.counts.place(of: item).map { (item: item, place: $0, count: state.counts.totals[$0]) }
            }
            return (places, state.counts.total)
        }
        guard let found else { return nil }
        return found.places.filter { $0.count > 0 }.sorted { ($1.count, $0.place) < ($0.count, $1.place) }
            .map { ($0.item, Double($0.count) / Double(found.total)) }
    }

    /// Calls `body` with every item that was touched, the one that was first touched last first, until it returns false; does
    /// nothing, and returns false, while the record is being counted.
    func forEachNewestFirst(_ body: (ExactName) -> Bool) -> Bool {
        let moment = state.withLock { $0 }
        guard moment.isCounted else { return false }
        for index in moment.counts.names.indices.reversed() where moment.counts.totals[index] > 0 {
            if !body(moment.counts.names[index]) { break }
        }
        return true
    }
}
