import InteractionStorage
import NCF

/// What is known of a user at one moment: by the model, and by what the user has done since it was trained.
///
/// The one place that decides it, so that `/recommend`, `/predict` and explanations rest on the same.
enum UserStanding {
    /// The model knows the user, and nothing has happened since.
    case known(Int)
    /// A vector with all that the model has not seen worked in, the items it rests on, oldest first, and all that the user has
    /// seen, disliked or not.
    case foldedIn(UserVector, history: [Int32], seen: [Int32])
    /// A user of whom nothing is known but what it is: the vector that the model expects of such users.
    case featured(UserVector)
    /// Neither the model nor anybody else has heard of the user.
    case stranger

    /// Judges a user by the index it has in `snapshot`, if it has one, and what it has done since, oldest first.
    ///
    /// `features` are those of a user that it does not know, as far as it knows them.
    ///
    /// Blocks for as long as folding in takes, which for small models is less than a millisecond. A user of whom the model
    /// knows dislikes alone is folded in too: training finds no vector where there is nothing to be near to.
    init(user: Int?, newer: [RecentInteractions.Touch], features: SparseFeatures? = nil, in snapshot: ModelSnapshot) {
        let new = Self.merged(newer, in: snapshot)
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
        guard !new.isEmpty || snapshot.hasDislikes else {
            self = .known(user)
            return
        }
        let (liked, disliked) = (snapshot.likedItems(of: user), snapshot.dislikedItems(of: user))
        if liked.isEmpty, !disliked.isEmpty {
            self = Self.folded(in: snapshot, disliked.map { ($0, -1) } + new)
            return
        }
        guard !new.isEmpty else {
            self = .known(user)
            return
        }
        let known = ItemSet(itemCount: snapshot.itemCount, items: liked.map(Int.init))
        let hated = ItemSet(itemCount: snapshot.itemCount, items: disliked.map(Int.init))
        let news = new.filter { item, evidence in
            evidence < 0 ? !hated.contains(Int(item)) : !known.contains(Int(item))
        }
        guard !news.isEmpty else {
            self = .known(user)
            return
        }
        let turned = ItemSet(itemCount: snapshot.itemCount, items: news.filter { $0.evidence < 0 }.map { Int($0.item) })
        let vector = snapshot.foldIn(user: user, newer: news.map(\.item), weights: news.map(\.evidence))
        self = .foldedIn(
            vector,
            history: liked.filter { !turned.contains(Int($0)) } + news.filter { $0.evidence > 0 }.map(\.item),
            seen: snapshot.seenItems(of: user) + news.map(\.item))
    }

    private static func folded(
        in snapshot: ModelSnapshot, _ history: [(item: Int32, evidence: Float)], _ features: SparseFeatures? = nil
    ) -> UserStanding {
        .foldedIn(
            snapshot.foldIn(items: history.map(\.item), weights: history.map(\.evidence), features: features),
            history: history.filter { $0.evidence > 0 }.map(\.item), seen: history.map(\.item))
    }

    /// Each item that the model knows once, where it was last touched. The last touch that counts at all says whether it is
    /// liked or disliked, and the strongest that says the same how much it counts: as in a training.
    private static func merged(
        _ touches: [RecentInteractions.Touch], in snapshot: ModelSnapshot
    ) -> [(item: Int32, evidence: Float)] {
        var places: [Int32: Int] = [:]
        var merged: [(item: Int32, evidence: Float)] = []
        for touch in touches.reversed() {
            guard let index = snapshot.items.index(of: touch.itemID.text) else { continue }
            let item = Int32(index)
            guard let place = places[item] else {
                places[item] = merged.count
                merged.append((item, touch.evidence))
                continue
            }
            let known = merged[place].evidence
            if known == 0 || (known < 0) == (touch.evidence < 0) && abs(touch.evidence) > abs(known) {
                merged[place].evidence = touch.evidence
            }
        }
        return merged.reversed()
    }

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
        case .foldedIn(let vector, let history, _): snapshot.explain(vector, items: items, history: history)
        case .featured(let vector): snapshot.explain(vector, items: items, history: [])
        case .stranger: []
        }
    }
}
