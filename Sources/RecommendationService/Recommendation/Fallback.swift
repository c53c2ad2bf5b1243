import InteractionStorage
import NCF

/// What one request recommends to whom nothing is known of: what most people touched, in the order and with the scores of `/popular`,
/// then what came last into the catalogue.
///
/// Just after the start of a server with a large record nobody has counted it yet, and beside an imported model there may be none: then
/// what the model was trained on says what is popular.
struct Fallback {
    private let request: RecommendationRequest
    private let activity: ItemActivity
    private let catalog: Catalog
    private let snapshot: ModelSnapshot?
    private let refused: Set<ExactName>

    /// - Parameter withheld: Items that nobody may be shown.
    init(
        _ request: RecommendationRequest, withheld: [String], _ activity: ItemActivity, _ catalog: Catalog,
        _ snapshot: ModelSnapshot?
    ) {
        (self.request, self.activity, self.catalog, self.snapshot) = (request, activity, catalog, snapshot)
        refused = Set((withheld + request.excluded).map(ExactName.init))
    }

    /// The list for a user who has seen `seen`.
    func entries(seen: Set<ExactName>) -> [Recommendation.Entry] {
        func isAllowed(_ item: ExactName) -> Bool { !refused.contains(item) && !seen.contains(item) }
        var entries =
            if let candidates = request.candidates {
                popular(among: candidates, isAllowed)
            } else {
                popular(atLeast: request.limit + refused.count + seen.count, isAllowed)
            }
        guard entries.count < request.limit else { return entries }
        let listed = Set(entries.map { ExactName($0.itemID) })
        append(to: &entries) { isAllowed($0) && !listed.contains($0) }
        return entries
    }

    private func popular(atLeast count: Int, _ isAllowed: (ExactName) -> Bool) -> [Recommendation.Entry] {
        guard let ranking = activity.ranking(.popular(hours: nil), atLeast: count), !ranking.entries.isEmpty else {
            return trained(isAllowed)
        }
        return best(ranking.entries.lazy.map { ($0.item, $0.score) }, isAllowed)
    }

    private func popular(among candidates: [String], _ isAllowed: (ExactName) -> Bool) -> [Recommendation.Entry] {
        let candidates = RecommendationRequest.distinct(candidates).map(ExactName.init).filter(isAllowed)
        guard let shares = activity.shares(of: candidates), shares.contains(where: { $0 > 0 }) else {
            let allowed = Set(candidates)
            return trained { allowed.contains($0) }
        }
        // Equal ones as they were given.
        let order = candidates.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }
        return best(order.lazy.map { (candidates[$0], shares[$0]) }) { _ in true }
    }

    /// By what the model was trained on.
    private func trained(_ isAllowed: (ExactName) -> Bool) -> [Recommendation.Entry] {
        guard let snapshot else { return [] }
        let all = snapshot.popular(limit: snapshot.itemCount, excluding: ItemSet(itemCount: snapshot.itemCount))
        let total = Double(max(1, all.reduce(0) { $0 + $1.score }))
        return best(all.lazy.map { (ExactName(snapshot.items[$0.item]), Double($0.score) / total) }, isAllowed)
    }

    /// The first of what is ranked that is allowed, as far as anybody touched it.
    private func best(
        _ ranked: some Sequence<(item: ExactName, share: Double)>, _ isAllowed: (ExactName) -> Bool
    ) -> [Recommendation.Entry] {
        var entries: [Recommendation.Entry] = []
        for (item, share) in ranked where share > 0 && isAllowed(item) {
            entries.append(Recommendation.Entry(itemID: item.text, score: share, source: .popular))
            if entries.count == request.limit { break }
        }
        return entries
    }

    /// Appends what came last into the catalogue.
    private func append(to entries: inout [Recommendation.Entry], _ isAllowed: (ExactName) -> Bool) {
        func add(_ item: Item) -> Bool {
            if isAllowed(ExactName(item.id)) {
                entries.append(Recommendation.Entry(itemID: item.id, score: 0, source: .latest))
            }
            return entries.count < request.limit
        }
        guard let candidates = request.candidates else { return catalog.forEachNewestFirst(add) }
        // As they were given: to look for the newest would be to go through the whole catalogue for a few.
        let records = catalog.items(RecommendationRequest.distinct(candidates)).lazy.compactMap(\.self)
        for record in records where !add(record) { break }
    }
}
