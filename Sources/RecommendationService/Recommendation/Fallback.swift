import InteractionStorage
import NCF

/// What one request recommends to whom nothing is known of: what most people touched, in the order and with the scores of `/popular`,
/// then what came last into the catalogue.
///
/// Just after the start of a server with a large record nobody has counted it yet, and beside an imported model there may be none: then
/// what the model was trained on says what is popular. It answers on an event loop: what a catalogue's size would make long is bounded,
/// and what all users of the request have in common is found once.
struct Fallback {
    /// So many of the newest items are looked at, most of which may be hidden.
    private static let newestSeen = 10_000

    private let request: RecommendationRequest
    private let activity: ItemActivity
    private let catalog: Catalog
    private let snapshot: ModelSnapshot?
    private let gate: ItemGate
    private typealias Ranked = (item: ExactName, share: Double)
    /// With what the share counts.
    private typealias Boosted = (item: ExactName, share: Double, boost: Double)
    private var popular = Shown<Boosted>()
    private var newest = Shown<ExactName>()

    /// What may be shown, best first, as much of it as was needed yet: for users who have seen different things it is the same.
    private struct Shown<Element> {
        var elements: [Element] = []
        /// How many there are to be, if there are as many.
        var count = 0

        /// How many there are to be for one who needs so many; nil where there are enough.
        func growth(to needed: Int) -> Int? { count < needed ? max(needed, 2 * count) : nil }
    }

    init(
        _ request: RecommendationRequest, _ gate: ItemGate, _ activity: ItemActivity, _ catalog: Catalog,
        _ snapshot: ModelSnapshot?
    ) {
        (self.request, self.gate, self.activity, self.catalog, self.snapshot) =
            (request, gate, activity, catalog, snapshot)
    }

    /// The list for a user who has seen `seen`.
    mutating func entries(seen: Set<ExactName>) -> [Recommendation.Entry] {
        let needed = request.limit + seen.count
        if let count = popular.growth(to: needed) { popular = Shown(elements: mostPopular(count), count: count) }
        let unseen = popular.elements.lazy.filter { !seen.contains($0.item) }.prefix(request.limit)
        var entries = Array(
            unseen.map {
                Recommendation.Entry(itemID: $0.item.text, score: $0.share, boost: $0.boost, source: .popular)
            })
        if entries.count == request.limit { return entries }
        let listed = Set(entries.map { ExactName($0.itemID) })
        if let count = newest.growth(to: needed) { newest = Shown(elements: newestAllowed(count), count: count) }
        for item in newest.elements where !listed.contains(item) && !seen.contains(item) {
            entries.append(Recommendation.Entry(itemID: item.text, score: 0, source: .latest))
            if entries.count == request.limit { break }
        }
        return entries
    }

    /// The first `count` of what most people touched, by their shares with their boosts.
    ///
    /// Exact: as many are looked at until no share that follows can be lifted into the first `count`.
    private func mostPopular(_ count: Int) -> [Boosted] {
        guard !request.boosts.isEmpty else { return popular(count).map { ($0.item, $0.share, 1) } }
        let greatest = request.boosts.reduce(1) { $0 * max(1, $1.factor) }
        var asked = count
        while true {
            let found = popular(asked)
            let records = catalog.items(found.map(\.item.text))
            let boosted = zip(found, records).map { found, record in
                (found.item, found.share, request.boosts.factor(of: record))
            }
            let order = boosted.indices.sorted { left, right in
                let (own, other) = (boosted[left].1 * boosted[left].2, boosted[right].1 * boosted[right].2)
                return own > other || own == other && left < right
            }
            let best = order.prefix(count).map { boosted[$0] }
            guard found.count == asked, let last = found.last, let worst = best.last,
                last.share * greatest > worst.1 * worst.2
            else { return best }
            asked *= 4
        }
    }

    /// The first `count` of what most people touched.
    private func popular(_ count: Int) -> [Ranked] {
        if let candidates = request.candidates {
            return gate.first(count, of: ranked(candidates: candidates)) { $0.item }
        }
        // An event loop takes what is at hand, and has no filter, by which that may be next to nothing.
        let shown = gate.first(count) { count in
            request.filter == nil && request.boosts.isEmpty
                ? activity.rankingAtHand(.popular(hours: nil), atLeast: count)
                : activity.ranking(.popular(hours: nil), atLeast: count)
        }
        if let shown, !shown.ranking.entries.isEmpty { return shown.entries.map { ($0.item, $0.score) } }
        guard let snapshot else { return [] }
        var asked = count
        while true {
            let popular = snapshot.popular(limit: asked)
            let shown = gate.first(count, of: trained(popular, of: snapshot)) { $0.item }
            if shown.count == count || popular.count < asked { return shown }
            asked *= 2
        }
    }

    private func ranked(candidates: [String]) -> [Ranked] {
        let candidates = RecommendationRequest.distinct(candidates).map(ExactName.init)
        if let ranked = activity.ranked(candidates) { return ranked }
        guard let snapshot else { return [] }
        let known = ItemSet(
            itemCount: snapshot.itemCount, items: candidates.compactMap { snapshot.items.index(of: $0.text) })
        return trained(snapshot.popular(limit: candidates.count, excluding: known.complement), of: snapshot)
    }

    /// By what the model was trained on: each item's share of the interactions there.
    private func trained(_ items: [ScoredItem], of snapshot: ModelSnapshot) -> [Ranked] {
        let total = Double(max(1, snapshot.lineage.interactionCount))
        return items.prefix { $0.score > 0 }.map {
            (ExactName(snapshot.items[$0.item]), min(1, Double($0.score) / total))
        }
    }

    /// The first `count` of what came last into the catalogue; of candidates those that it has, as they were given: to look for the newest
    /// of a few would be to go through all of it.
    private func newestAllowed(_ count: Int) -> [ExactName] {
        if let candidates = request.candidates {
            return catalog.items(RecommendationRequest.distinct(candidates)).compactMap { item in
                item.flatMap { gate.admits($0) ? ExactName($0.id) : nil }
            }
        }
        var names: [ExactName] = []
        var left = Self.newestSeen
        catalog.forEachNewestFirst { item in
            if gate.admits(item) { names.append(ExactName(item.id)) }
            left -= 1
            return left > 0 && names.count < count
        }
        return names
    }
}
