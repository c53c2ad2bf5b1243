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
    private lazy var rankedCandidates: [Ranked]? = request.candidates.map { ranked(candidates: $0) }
    private var newest = Newest()

    /// The items that came last and may be shown, as many as were needed yet.
    private struct Newest {
        var names: [ExactName] = []
        /// How many of them there are to be, if there are as many.
        var count = 0
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
        var entries = popularEntries(seen: seen)
        if entries.count == request.limit { return entries }
        let listed = Set(entries.map { ExactName($0.itemID) })
        let needed = request.limit + seen.count
        if newest.count < needed { newest = Newest(names: newestAllowed(needed), count: needed) }
        for item in newest.names where !listed.contains(item) && !seen.contains(item) {
            entries.append(Recommendation.Entry(itemID: item.text, score: 0, source: .latest))
            if entries.count == request.limit { break }
        }
        return entries
    }

    /// What most people touched.
    private mutating func popularEntries(seen: Set<ExactName>) -> [Recommendation.Entry] {
        if let rankedCandidates { return entries(of: rankedCandidates, seen: seen) }
        let ranked = gate.first(request.limit, besides: seen) {
            activity.rankingAtHand(.popular(hours: nil), atLeast: $0)
        }
        if let ranked, !ranked.ranking.entries.isEmpty { return entries(ranked.entries.map { ($0.item, $0.score) }) }
        guard let snapshot else { return [] }
        var count = request.limit + seen.count
        while true {
            let popular = snapshot.popular(limit: count)
            let entries = entries(of: trained(popular, of: snapshot), seen: seen)
            if entries.count == request.limit || popular.count < count { return entries }
            count *= 2
        }
    }

    /// The first of `ranked` that may be shown, as many as were asked for.
    private func entries(of ranked: some Sequence<Ranked>, seen: Set<ExactName>) -> [Recommendation.Entry] {
        entries(gate.first(request.limit, of: ranked, besides: seen) { $0.item })
    }

    private func entries(_ shown: [Ranked]) -> [Recommendation.Entry] {
        shown.map { Recommendation.Entry(itemID: $0.item.text, score: $0.share, source: .popular) }
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
