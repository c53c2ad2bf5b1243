import NCF

/// What is known of a user at one moment: by the model, and by what the user has done since it was trained.
///
/// The one place that decides it, so that `/recommend`, `/predict` and explanations rest on the same.
enum UserStanding {
    /// The model knows the user, and nothing has happened since.
    case known(Int)
    /// A vector with all that the model has not seen worked in, and the items it rests on, oldest first.
    case foldedIn(UserVector, history: [Int32])
    /// Neither the model nor anybody else has heard of the user.
    case stranger

    /// Judges a user by the index it has in `snapshot`, if it has one, and the items it has touched since, oldest first.
    ///
    /// Blocks for as long as folding in takes, which for small models is less than a millisecond.
    init(user: Int?, newer: [String], in snapshot: ModelSnapshot) {
        let touched = newer.compactMap { snapshot.items.index(of: $0).map(Int32.init) }
        guard let user else {
            self = touched.isEmpty ? .stranger : .foldedIn(snapshot.foldIn(items: touched), history: touched)
            return
        }
        let seen = touched.isEmpty ? [] : snapshot.seenItems(of: user)
        let known = ItemSet(itemCount: snapshot.itemCount, items: seen.map(Int.init))
        let new = touched.filter { !known.contains(Int($0)) }
        self = new.isEmpty ? .known(user) : .foldedIn(snapshot.foldIn(user: user, newer: new), history: seen + new)
    }

    /// What a recommendation to such a user comes from.
    var source: Recommendation.Source {
        switch self {
        case .known: .model
        case .foldedIn: .foldIn
        case .stranger: .popular
        }
    }

    /// Why `items` have their scores; nothing for a stranger.
    func explanations(of items: [Int32], in snapshot: ModelSnapshot) -> [Explanation] {
        switch self {
        case .known(let user): snapshot.explain(user: user, items: items)
        case .foldedIn(let vector, let history): snapshot.explain(vector, items: items, history: history)
        case .stranger: []
        }
    }
}
