import InteractionStorage
import NCF

/// The items of one request that the model does not know and has features of: scored beside the catalogue, and joined with
/// its best.
struct NewItems {
    private let ids: [String]
    private let table: FeaturedItems
    /// Which of them may be recommended to anybody.
    private let allowed: [Int]
    private let limit: Int

    /// Takes those that the request may be answered with: of its candidates, or else of the newest. O(of these).
    init(
        _ request: RecommendationRequest, _ gate: ItemGate, _ newcomers: Newcomers, in snapshot: ModelSnapshot
    ) {
        if let candidates = request.candidates {
            var known: Set<ExactName> = []
            let new = candidates.filter { snapshot.items.index(of: $0) == nil && known.insert(ExactName($0)).inserted }
                .compactMap { id in newcomers.item(id, for: snapshot).map { (id, $0) } }
            ids = new.map(\.0)
            table = FeaturedItems(new.map(\.1))
        } else {
            let newest = newcomers.items(for: snapshot)
            (ids, table) = (newest.ids, newest.table)
        }
        limit = request.limit
        guard !ids.isEmpty else {
            allowed = []
            return
        }
        allowed = gate.first(ids.count, of: ids.indices) { [ids] in ExactName(ids[$0]) }
    }

    /// Puts those that score best for a user among the entries of `answer`, of which there stay as many as were asked for.
    ///
    /// - Parameters:
    ///   - logits: Of the entries, best first.
    ///   - seen: Items that this user is not to be shown.
    func join(
        _ answer: inout Recommendation, _ logits: [Float], for user: UserVector, seen: () -> Set<ExactName>,
        in snapshot: ModelSnapshot
    ) {
        guard !allowed.isEmpty else { return }
        let scores = snapshot.score(user, table)
        let seen = seen()
        // An equal score is the known item's.
        var ranked = zip(logits, answer.entries).map { ($0, $1) }
        for index in allowed where scores[index].isFinite && !seen.contains(ExactName(ids[index])) {
            let prediction = snapshot.prediction(logit: scores[index], basis: .features)
            let entry = Recommendation.Entry(
                itemID: ids[index], score: Double(prediction.probability), rating: prediction.rating.map(Double.init),
                source: .features)
            ranked.append((scores[index], entry))
        }
        let order = ranked.indices.sorted { (ranked[$1].0, $0) < (ranked[$0].0, $1) }
        answer.entries = order.prefix(limit).map { ranked[$0].1 }
    }
}
