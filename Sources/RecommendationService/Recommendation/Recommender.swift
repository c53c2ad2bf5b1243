import InteractionStorage
import NCF

/// Answers who would like what, from one snapshot: the model where it knows the user, a fold-in where there is a history
/// that it has not seen, popularity where nothing is known.
///
/// Any thread may call it; no call waits for I/O. O(catalogue) for each user, less where few items are candidates.
struct Recommender: Sendable {
    let catalog: Catalog
    let recent: RecentInteractions
    let activity: ItemActivity
    let newcomers: Newcomers
    let clock: WallClock

    /// What `request` asks, one list a subject, all from `snapshot`.
    ///
    /// - Parameter isLate: Asked before a pass over the catalogue is begun, for the users that it would serve. Once it is true, all that
    ///   are left are answered as strangers are.
    func recommend(
        _ request: RecommendationRequest, from snapshot: ModelSnapshot?, isLate: () -> Bool
    ) -> [Recommendation] {
        guard let snapshot, request.deadline != nil else { return answers(to: request, from: snapshot) }
        var answers: [Recommendation] = []
        while answers.count < request.subjects.count {
            var part = request
            let left = request.subjects[answers.count...]
            let isLate = isLate()
            // What a pass begins with is done for each part that boosts make.
            part.subjects = Array(isLate ? left : left.prefix(ModelSnapshot.usersPerPass << request.boosts.count))
            answers += self.answers(to: part, from: snapshot, asStrangers: isLate)
        }
        return answers
    }

    private func answers(
        to request: RecommendationRequest, from snapshot: ModelSnapshot?, asStrangers: Bool = false
    ) -> [Recommendation] {
        let standings =
            snapshot.map { snapshot in
                request.subjects.map { asStrangers ? .stranger : standing(of: $0, in: snapshot) }
            } ?? []
        let drawn = request.drawnFurther
        var answers =
            snapshot.map { snapshot in drawn.boosted { lists($0, for: standings, from: snapshot) } }
            ?? request.subjects.map { _ in Recommendation() }
        lazy var fallback = Fallback(drawn, gate(of: drawn), activity, catalog, snapshot)
        for (index, subject) in request.subjects.enumerated() {
            if standings.isEmpty || standings[index].isStranger {
                let known = snapshot.map { knownItems(of: subject, request, in: $0) } ?? []
                answers[index].entries = fallback.entries(seen: seen(subject, request).union(known))
            }
            let drawn = request.shown.rest(of: answers[index].entries)
            answers[index].entries = chosen(drawn, request, in: snapshot)
            answers[index].goesOn = drawn.count > request.limit
            if asStrangers { answers[index].isDegraded = true }
            if request.explains, let snapshot { explain(&answers[index], standings[index], in: snapshot) }
            answers[index].userID = subject.userID
            let records = catalog.items(answers[index].entries.map(\.itemID))
            for entry in records.indices { answers[index].entries[entry].record = records[entry] }
        }
        return answers
    }

    /// All subjects that the model can say anything of are ranked together, so that the catalogue is read once for many; others get
    /// nothing.
    private func lists(
        _ request: RecommendationRequest, for standings: [UserStanding], from snapshot: ModelSnapshot
    ) -> [Recommendation] {
        let gate = gate(of: request)
        let subjects = zip(standings, request.subjects).compactMap { rankingSubject($0, $1, request, in: snapshot) }
        // Where all are strangers nothing is ranked.
        let excluded = subjects.isEmpty ? nil : excluded(request, in: snapshot)
        let rankings = snapshot.rank(
            for: subjects, limit: request.limit, excludingSeen: request.excludesSeen, excluding: excluded)
        var lists = rankings.lists.makeIterator()
        lazy var newItems = NewItems(request, gate, newcomers, in: snapshot)
        return zip(standings, request.subjects).map { standing, subject in
            var answer = Recommendation(version: snapshot.version)
            if standing.isStranger { return answer }
            let best = lists.next() ?? []
            answer.isDegraded = !rankings.areExact
            answer.entries = best.map { entry($0, standing.source, in: snapshot) }
            newItems.join(
                &answer, best.map(\.score), for: standing.vector(in: snapshot), seen: { seen(subject, request) },
                in: snapshot)
            return answer
        }
    }

    private func gate(of request: RecommendationRequest) -> ItemGate {
        ItemGate(
            withheld: catalog.withheld(by: clock), excluded: Set(request.excluded.map(ExactName.init)),
            filter: request.filter, catalog: catalog)
    }

    private func standing(of subject: RecommendationRequest.Subject, in snapshot: ModelSnapshot) -> UserStanding {
        UserStanding(
            user: subject.userID.flatMap { snapshot.index(ofUser: $0) },
            newer: subject.userID.map { recent.touches(of: $0, for: snapshot) } ?? [],
            session: subject.history.map { ExactName($0) },
            features: subject.userID.flatMap { newcomers.features(ofUser: $0, for: snapshot) }, in: snapshot)
    }

    /// What a user has touched since the model was trained, known to the model or not, as far as that is to be left out.
    private func seen(_ subject: RecommendationRequest.Subject, _ request: RecommendationRequest) -> Set<ExactName> {
        guard request.excludesSeen else {
            return Set((subject.userID.map { recent.likings(of: $0) } ?? [:]).filter { !$0.value }.keys)
        }
        return Set(((subject.userID.map { recent.items(of: $0) } ?? []) + subject.history).map(ExactName.init))
    }

    /// What the model knows that such a user is not to be shown: there is something where it is only too late to ask the model.
    private func knownItems(
        of subject: RecommendationRequest.Subject, _ request: RecommendationRequest, in snapshot: ModelSnapshot
    ) -> [ExactName] {
        guard let user = subject.userID.flatMap({ snapshot.index(ofUser: $0) }) else { return [] }
        let items = request.excludesSeen ? snapshot.seenItems(of: user) : disliked(subject, in: snapshot)
        return items.map { ExactName(snapshot.items[Int($0)]) }
    }

    private func rankingSubject(
        _ standing: UserStanding, _ subject: RecommendationRequest.Subject, _ request: RecommendationRequest,
        in snapshot: ModelSnapshot
    ) -> RankingSubject? {
        switch standing {
        case .known(let user):
            RankingSubject(.user(user), hidden: request.excludesSeen ? [] : disliked(subject, in: snapshot))
        case .foldedIn(let vector, _, let seen):
            RankingSubject(.vector(vector), hidden: request.excludesSeen ? seen : disliked(subject, in: snapshot))
        case .featured(let vector): RankingSubject(.vector(vector))
        case .stranger: nil
        }
    }

    /// What the user said by a kind that it dislikes, and has not liked since: left out also where what is seen is not.
    private func disliked(_ subject: RecommendationRequest.Subject, in snapshot: ModelSnapshot) -> [Int32] {
        guard let userID = subject.userID else { return [] }
        let last = recent.likings(of: userID)
        let before = snapshot.index(ofUser: userID).map { snapshot.dislikedItems(of: $0) } ?? []
        let now = last.compactMap { $0.value ? nil : snapshot.items.index(of: $0.key.text).map(Int32.init) }
        return before.filter { last[ExactName(snapshot.items[Int($0)])] == nil } + now
    }

    /// What nobody of the request is recommended.
    private func excluded(
        _ request: RecommendationRequest, in snapshot: ModelSnapshot
    ) -> ItemSet {
        var excluded = catalog.withheld(by: clock, in: snapshot)
        for item in indices(of: request.excluded, in: snapshot) { excluded.insert(item) }
        if let candidates = request.candidates {
            let allowed = ItemSet(itemCount: snapshot.itemCount, items: indices(of: candidates, in: snapshot))
            excluded.formUnion(allowed.complement)
        }
        if let filter = request.filter {
            excluded.formUnion(catalog.items(matching: filter, in: snapshot).complement)
        }
        return excluded
    }

    /// Of what was drawn the best, or what is both good and varied.
    private func chosen(
        _ entries: [Recommendation.Entry], _ request: RecommendationRequest, in snapshot: ModelSnapshot?
    ) -> [Recommendation.Entry] {
        guard request.diversity > 0, let snapshot else { return Array(entries.prefix(request.limit)) }
        let directions = snapshot.directions(
            of: entries.map { entry in
                if let index = snapshot.items.index(of: entry.itemID) { return .known(index) }
                return newcomers.item(entry.itemID, for: snapshot).map(ItemDirections.Subject.featured) ?? .unknown
            })
        let places = directions.diverse(
            request.limit, relevance: entries.map(\.rank), diversity: request.diversity)
        return places.map { entries[$0] }
    }

    /// Says of each entry that the model knows why it has its score.
    private func explain(_ answer: inout Recommendation, _ standing: UserStanding, in snapshot: ModelSnapshot) {
        let known = answer.entries.enumerated().compactMap { place, entry in
            snapshot.items.index(of: entry.itemID).map { (place: place, item: Int32($0)) }
        }
        let explanations = standing.explanations(of: known.map(\.item), in: snapshot)
        for (explanation, place) in zip(explanations, known.map(\.place)) {
            answer.entries[place].explanation = Recommendation.Explanation(
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
}
