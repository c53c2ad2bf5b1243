import InteractionStorage
import NCF

/// Answers who would like what, from one snapshot: the model where it knows the user, a fold-in where there is a history
/// that it has not seen, popularity where nothing is known.
///
/// Any thread may call it; no call waits for I/O. O(catalogue) for each user.
struct Recommender: Sendable {
    let catalog: Catalog
    let recent: RecentInteractions
    let clock: WallClock

    /// What `request` asks, one list a subject, all from `snapshot`.
    func recommend(_ request: RecommendationRequest, from snapshot: ModelSnapshot?) -> [Recommendation] {
        let withheld = catalog.withheld(at: clock.milliseconds())
        return request.subjects.map { subject in
            var answer =
                if let snapshot {
                    recommend(to: subject, request, withheld: withheld, from: snapshot)
                } else {
                    popularWithoutModel(for: subject, request, withheld: withheld)
                }
            answer.userID = subject.userID
            let records = catalog.items(answer.entries.map(\.itemID))
            for index in answer.entries.indices { answer.entries[index].record = records[index] }
            return answer
        }
    }

    private func recommend(
        to subject: RecommendationRequest.Subject,
        _ request: RecommendationRequest,
        withheld: [String],
        from snapshot: ModelSnapshot
    ) -> Recommendation {
        let newer = (subject.userID.map { recent.items(of: $0) } ?? []) + subject.history
        let standing = UserStanding(
            user: subject.userID.flatMap { snapshot.users.index(of: $0) }, newer: newer, in: snapshot)
        let excluded = excluded(request, newer: newer, withheld: withheld, in: snapshot)
        var answer = Recommendation(version: snapshot.version)
        switch standing {
        case .known(let user):
            let best = snapshot.recommend(
                user: user, limit: request.limit, excludingSeen: request.excludesSeen, excluding: excluded)
            answer.entries = best.map { entry($0, .model, in: snapshot) }
            if request.explains {
                explain(&answer, by: snapshot.explain(user: user, items: best.map { Int32($0.item) }), in: snapshot)
            }
        case .foldedIn(let vector, let history):
            let best = snapshot.recommend(
                for: vector, limit: request.limit, hiding: request.excludesSeen ? history : [], excluding: excluded)
            answer.entries = best.map { entry($0, .foldIn, in: snapshot) }
            if request.explains {
                let items = best.map { Int32($0.item) }
                explain(&answer, by: snapshot.explain(vector, items: items, history: history), in: snapshot)
            }
        case .stranger:
            let users = Double(max(1, snapshot.userCount))
            answer.entries = snapshot.popular(limit: request.limit, excluding: excluded).map { item in
                Recommendation.Entry(
                    itemID: snapshot.items[item.item], score: Double(item.score) / users, source: .popular)
            }
        }
        return answer
    }

    /// What may not be recommended, whatever the model says; what it has seen apart.
    private func excluded(
        _ request: RecommendationRequest, newer: [String], withheld: [String], in snapshot: ModelSnapshot
    ) -> ItemSet {
        let hidden = withheld + request.excluded + (request.excludesSeen ? newer : [])
        var excluded = ItemSet(itemCount: snapshot.itemCount, items: indices(of: hidden, in: snapshot))
        guard let candidates = request.candidates else { return excluded }
        let allowed = ItemSet(itemCount: snapshot.itemCount, items: indices(of: candidates, in: snapshot))
        for item in 0..<snapshot.itemCount where !allowed.contains(item) { excluded.insert(item) }
        return excluded
    }

    private func explain(
        _ answer: inout Recommendation, by explanations: [Explanation], in snapshot: ModelSnapshot
    ) {
        for (index, explanation) in explanations.enumerated() {
            answer.entries[index].explanation = Recommendation.Explanation(
                parts: explanation.parts,
                becauseOf: explanation.becauseOf.map { (snapshot.items[$0.item], $0.score) })
        }
    }

    private func indices(of ids: [String], in snapshot: ModelSnapshot) -> [Int] {
        ids.compactMap { snapshot.items.index(of: $0) }
    }

    private func entry(
        _ item: ScoredItem, _ source: Recommendation.Source, in snapshot: ModelSnapshot
    ) -> Recommendation.Entry {
        let prediction = snapshot.prediction(logit: item.score, basis: .model)
        return Recommendation.Entry(
            itemID: snapshot.items[item.item], score: Double(prediction.probability),
            rating: prediction.rating.map(Double.init), source: source)
    }

    /// Before the first model: what most people touched, by the memory of recent interactions.
    private func popularWithoutModel(
        for subject: RecommendationRequest.Subject, _ request: RecommendationRequest, withheld: [String]
    ) -> Recommendation {
        var excluded = Set((withheld + request.excluded).map(ExactName.init))
        if request.excludesSeen {
            excluded.formUnion(subject.history.map(ExactName.init))
            if let userID = subject.userID { excluded.formUnion(recent.items(of: userID).map(ExactName.init)) }
        }
        let candidates = request.candidates.map { Set($0.map(ExactName.init)) }
        let total = Double(max(1, recent.count))
        let allowed = recent.popular().lazy.filter { popular in
            let item = ExactName(popular.itemID)
            return !excluded.contains(item) && candidates?.contains(item) ?? true
        }
        return Recommendation(
            entries: allowed.prefix(request.limit).map { popular in
                Recommendation.Entry(
                    itemID: popular.itemID, score: Double(popular.count) / total, source: .popular)
            })
    }
}
