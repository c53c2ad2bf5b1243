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
    private let withheld: NameSet
    private let excluded: Set<ExactName>
    private typealias Ranked = (item: ExactName, share: Double)
    private lazy var rankedCandidates: [Ranked]? = request.candidates.map { ranked(candidates: $0) }
    private lazy var newest: [ExactName] = newestAllowed()

    /// - Parameter withheld: Items that nobody may be shown.
    init(
        _ request: RecommendationRequest, withheld: NameSet, _ activity: ItemActivity, _ catalog: Catalog,
        _ snapshot: ModelSnapshot?
    ) {
        (self.request, self.activity, self.catalog, self.snapshot) = (request, activity, catalog, snapshot)
        self.withheld = withheld
        excluded = Set(request.excluded.map(ExactName.init))
    }

    private func isRefused(_ name: ExactName) -> Bool { withheld.contains(name) || excluded.contains(name) }

    /// The list for a user who has seen `seen`.
    mutating func entries(seen: Set<ExactName>) -> [Recommendation.Entry] {
        var entries = popularEntries(seen: seen)
        if entries.count == request.limit { return entries }
        let listed = Set(entries.map { ExactName($0.itemID) })
        for item in newest where !listed.contains(item) && !seen.contains(item) {
            entries.append(Recommendation.Entry(itemID: item.text, score: 0, source: .latest))
            if entries.count == request.limit { break }
        }
        return entries
    }

    /// What most people touched.
    private mutating func popularEntries(seen: Set<ExactName>) -> [Recommendation.Entry] {
        if let rankedCandidates { return entries(of: rankedCandidates, seen: seen) }
        let count = request.limit + withheld.count + excluded.count + seen.count
        if let ranking = activity.rankingAtHand(.popular(hours: nil), atLeast: count), !ranking.entries.isEmpty {
            // One after the other: there may be a hundred thousand.
            return entries(of: ranking.entries.lazy.map { ($0.item, $0.score) }, seen: seen)
        }
        guard let snapshot else { return [] }
        return entries(of: trained(snapshot.popular(limit: count), of: snapshot), seen: seen)
    }

    /// The first of `ranked` that may be shown, as many as were asked for.
    private func entries(of ranked: some Sequence<Ranked>, seen: Set<ExactName>) -> [Recommendation.Entry] {
        var entries: [Recommendation.Entry] = []
        for (item, share) in ranked where !isRefused(item) && !seen.contains(item) {
            entries.append(Recommendation.Entry(itemID: item.text, score: share, source: .popular))
            if entries.count == request.limit { break }
        }
        return entries
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

    /// What came last into the catalogue; of candidates those that it has, as they were given: to look for the newest of a few would be to
    /// go through all of it.
    private func newestAllowed() -> [ExactName] {
        if let candidates = request.candidates {
            return catalog.items(RecommendationRequest.distinct(candidates)).compactMap { item in
                item.map { ExactName($0.id) }.flatMap { isRefused($0) ? nil : $0 }
            }
        }
        var names: [ExactName] = []
        var left = Self.newestSeen
        catalog.forEachNewestFirst { item in
            let name = ExactName(item.id)
            if !isRefused(name) { names.append(name) }
            left -= 1
            return left > 0
        }
        return names
    }
}
