import InteractionStorage
import NCF

/// What is known of a user at one moment: by the model, and by what the user has done since it was trained.
///
/// The one place that decides it, so that `/recommend`, `/predict` and explanations rest on the same.
enum UserStanding {
    /// The model knows the user, and nothing has happened since.
    case known(Int)
    /// A vector with all that the model has not seen worked in, what it rests on, and all that the user has seen, disliked or not.
    case foldedIn(UserVector, history: History, seen: [Int32])
    /// A user of whom nothing is known but what it is: the vector that the model expects of such users.
    case featured(UserVector)
    /// Neither the model nor anybody else has heard of the user.
    case stranger

    /// Judges a user by the index it has in `snapshot`, if it has one, and what it has done since, oldest first.
    ///
    /// `session` are items that it has to do with after all that, of which nobody says how: each is taken for an ordinary interaction, and
    /// one that is known is no news.
    ///
    /// `features` are those of a user that it does not know, as far as it knows them.
    ///
    /// Blocks for as long as folding in takes, which for small models is less than a millisecond. A user of whom the model
    /// knows nothing that was liked is folded in anew: training finds no vector where there is nothing to be near to.
    init(
        user: Int?, newer: [RecentTouch], session: [ExactName] = [], features: SparseFeatures? = nil,
        in snapshot: ModelSnapshot
    ) {
        let new = Self.merged(newer, session, in: snapshot)
        guard let user else {
            if !new.isEmpty {
                self = Self.folded(in: snapshot, new, features)
            } else if let vector = features.flatMap({ snapshot.user(with: $0) }) {
                self = .featured(vector)
            } else {
                self = .stranger
            }
            return
        }
        guard !new.isEmpty || snapshot.hasUnlikedItems else {
            self = .known(user)
            return
        }
        let (liked, disliked) = (snapshot.likedItems(of: user), snapshot.dislikedItems(of: user))
        // Where training found nothing to be near to. Of weights from elsewhere nobody knows what their users were near to.
        let isUnliked = liked.isEmpty && (snapshot.lineage.origin == .trained || snapshot.hasNoVector(of: user))
        if isUnliked, !(disliked.isEmpty && new.isEmpty) {
            // What was said since stands in the place of what the model knows.
            let renewed = ItemSet(
                itemCount: snapshot.itemCount, items: new.filter { $0.evidence != 0 }.map { Int($0.item) })
            let old = disliked.filter { !renewed.contains(Int($0)) }.map { Taste(item: $0, evidence: -1) }
            self = Self.folded(in: snapshot, old + new, seen: snapshot.seenItems(of: user))
            return
        }
        guard !new.isEmpty else {
            self = .known(user)
            return
        }
        let known = ItemSet(itemCount: snapshot.itemCount, items: liked.map(Int.init))
        let hated = ItemSet(itemCount: snapshot.itemCount, items: disliked.map(Int.init))
        // What each is known to count, where that matters.
        var counted = snapshot.likedWeights(of: user).map { Dictionary(zip(liked, $0)) { $1 } }
        let mayStrengthen = snapshot.objective != .rating
        let news = new.filter { taste in
            if snapshot.objective == .rating, taste.rating.isFinite { return true }
            guard taste.evidence >= 0 else { return !hated.contains(Int(taste.item)) }
            guard known.contains(Int(taste.item)) else { return true }
            return mayStrengthen && !taste.isOfSession && counted?[taste.item].map { taste.evidence > $0 } ?? false
        }
        guard !news.isEmpty else {
            self = .known(user)
            return
        }
        let turned = ItemSet(itemCount: snapshot.itemCount, items: news.filter { $0.evidence < 0 }.map { Int($0.item) })
        let late = snapshot.lateCount(news.map(\.timestamp))
        let vector = snapshot.foldIn(
            user: user, newer: news.map(\.item), weights: news.map(\.evidence), ratings: news.map(\.rating), late: late)
        func added(_ tastes: ArraySlice<Taste>) -> [Int32] {
            tastes.filter { $0.evidence > 0 && !known.contains(Int($0.item)) }.map(\.item)
        }
        let history =
            added(news.prefix(late)) + liked.filter { !turned.contains(Int($0)) } + added(news.dropFirst(late))
        if var weights = counted {
            for taste in news where mayStrengthen || !known.contains(Int(taste.item)) {
                weights[taste.item] = max(weights[taste.item] ?? 0, taste.evidence)
            }
            counted = weights
        }
        self = .foldedIn(
            vector,
            history: History(
                items: history, weights: counted.map { counted in history.map { counted[$0] ?? 1 } }),
            seen: snapshot.seenItems(of: user) + news.map(\.item))
    }

    private static func folded(
        in snapshot: ModelSnapshot, _ history: [Taste], _ features: SparseFeatures? = nil, seen: [Int32] = []
    ) -> UserStanding {
        .foldedIn(
            snapshot.foldIn(
                items: history.map(\.item), weights: history.map(\.evidence), ratings: history.map(\.rating),
                features: features),
            history: History(
                items: history.map(\.item), weights: history.map(\.evidence), ratings: history.map(\.rating)),
            seen: seen + history.map(\.item))
    }

    /// Each item that the model knows once, where it was last touched. Of the last touch of each kind the last that counts at all says
    /// whether it is liked or disliked, and the strongest that says the same how much it counts: as in a training. Of its ratings the
    /// last stands.
    private static func merged(
        _ touches: [RecentTouch], _ session: [ExactName], in snapshot: ModelSnapshot
    ) -> [Taste] {
        var places: [Int32: Int] = [:]
        var merged: [Taste] = []
        var told: Set<Told> = []
        for name in session.reversed() {
            guard let index = snapshot.items.index(of: name.text).map(Int32.init), places[index] == nil else {
                continue
            }
            places[index] = merged.count
            merged.append(Taste(ofSession: index, in: snapshot))
        }
        for touch in touches.reversed() {
            guard let index = snapshot.items.index(of: touch.itemID.text) else { continue }
            var taste = Taste(touch, item: Int32(index), in: snapshot)
            if !told.insert(Told(item: taste.item, kind: touch.kindMark)).inserted { taste.evidence = 0 }
            guard let place = places[taste.item] else {
                places[taste.item] = merged.count
                merged.append(taste)
                continue
            }
            merged[place].join(earlier: taste)
        }
        return merged.reversed()
    }

    /// That something of one kind was said of an item.
    private struct Told: Hashable {
        let item: Int32
        let kind: Int32
    }

    /// The items that a vector rests on, oldest first.
    struct History: Sendable {
        var items: [Int32]
        /// What each says for or against; nil where that is in the model, which does not tell.
        var weights: [Float]?
        /// NaN where an item was not rated.
        var ratings: [Float]?
    }

    /// What a user said of an item since the training.
    private struct Taste {
        let item: Int32
        /// Below 0 for a dislike.
        var evidence: Float
        /// NaN for none.
        var rating: Float = .nan
        /// Milliseconds since 1970; 0 is unknown.
        var timestamp: Int64 = 0
        /// Whether nobody says what was done with the item.
        var isOfSession = false

        init(item: Int32, evidence: Float) {
            (self.item, self.evidence) = (item, evidence)
        }

        init(ofSession item: Int32, in snapshot: ModelSnapshot) {
            self.init(item: item, evidence: snapshot.evidence(snapshot.ordinaryWeight, rating: .nan))
            isOfSession = true
        }

        init(_ touch: RecentTouch, item: Int32, in snapshot: ModelSnapshot) {
            self.item = item
            (rating, timestamp) = (touch.rating, touch.timestamp)
            evidence = snapshot.evidence(touch.evidence, rating: rating)
        }

        mutating func join(earlier: Taste) {
            if rating.isNaN { rating = earlier.rating }
            if evidence == 0 || (evidence < 0) == (earlier.evidence < 0) && abs(earlier.evidence) > abs(evidence) {
                evidence = earlier.evidence
                isOfSession = false
            }
        }
    }

    /// Whether nothing is known of the user.
    var isStranger: Bool { if case .stranger = self { true } else { false } }

    /// What scores are computed from; the mean user for a stranger.
    func vector(in snapshot: ModelSnapshot) -> UserVector {
        switch self {
        case .known(let user): snapshot.vector(ofUser: user)
        case .foldedIn(let vector, _, _), .featured(let vector): vector
        case .stranger: snapshot.vector(ofUser: nil)
        }
    }

    /// What a recommendation to such a user comes from.
    var source: Recommendation.Source {
        switch self {
        case .known: .model
        case .foldedIn: .foldIn
        case .featured: .features
        case .stranger: .popular
        }
    }

    /// Why `items` have their scores; nothing for a stranger.
    func explanations(of items: [Int32], in snapshot: ModelSnapshot) -> [Explanation] {
        switch self {
        case .known(let user): snapshot.explain(user: user, items: items)
        case .foldedIn(let vector, let history, _):
            snapshot.explain(
                vector, items: items, history: history.items, weights: history.weights, ratings: history.ratings)
        case .featured(let vector): snapshot.explain(vector, items: items, history: [])
        case .stranger: []
        }
    }
}
