internal import Glibc

/// Whom to rank items for, and what to leave out for that one alone.
public struct RankingSubject: Sendable {
    /// What is known of the user.
    public enum Taste: Sendable {
        /// The model knows the user.
        case user(Int)
        /// A vector, such as one folded in.
        case vector(UserVector)
    }

    /// What is known of the user.
    public var taste: Taste
    /// Items that are left out, besides what the user had seen and what everyone is refused.
    public var hidden: [Int32]

    /// Names a user, and what to hide from that one.
    public init(_ taste: Taste, hidden: [Int32] = []) {
        self.taste = taste
        self.hidden = hidden
    }
}

/// The best items for some users.
public struct Rankings: Sendable {
    /// A list for each user, best first, ties by index.
    public var lists: [[ScoredItem]]
    /// Whether every item that could be in them was scored by the whole model; else one may be missing.
    public var areExact: Bool
}

extension ModelSnapshot {
    /// The best items for each of `subjects`, in their order; each gets exactly what it would get alone.
    ///
    /// One pass over the catalogue serves ``usersPerPass`` of them: its cost in memory traffic is one user's. Where
    /// `excluding` leaves few items, only these are scored. Exact over the whole catalogue, except with a preselection
    /// (``ServingOptions``).
    ///
    /// - Parameters:
    ///   - excludingSeen: Leaves out what known users had interacted with when the model was trained.
    ///   - excluding: Items to leave out for everyone.
    public func rank(
        for subjects: [RankingSubject], limit: Int, excludingSeen: Bool = true, excluding: ItemSet? = nil
    ) -> Rankings {
        let pass = RankingPass(snapshot: self, limit: limit, excludingSeen: excludingSeen, excluding: excluding)
        var lists: [[ScoredItem]] = []
        for start in stride(from: 0, to: subjects.count, by: Self.usersPerPass) {
            lists += pass.lists(for: subjects[start..<min(subjects.count, start + Self.usersPerPass)])
        }
        return Rankings(lists: lists, areExact: pass.isExact)
    }

    /// How many users one pass over the catalogue serves: enough to hide its reading, few enough to bound the memory.
    public static let usersPerPass = 32

    /// The best items for `user`; see ``rank(for:limit:excludingSeen:excluding:)``.
    public func recommend(
        user: Int, limit: Int, excludingSeen: Bool = true, excluding: ItemSet? = nil
    ) -> [ScoredItem] {
        recommend(users: [user], limit: limit, excludingSeen: excludingSeen, excluding: excluding)[0]
    }

    /// The best items for each of `users`.
    public func recommend(
        users: [Int], limit: Int, excludingSeen: Bool = true, excluding: ItemSet? = nil
    ) -> [[ScoredItem]] {
        rank(
            for: users.map { RankingSubject(.user($0)) }, limit: limit, excludingSeen: excludingSeen,
            excluding: excluding
        ).lists
    }

    /// The best items for a user given by its vector, such as one folded in; `hiding` are items to leave out.
    public func recommend(
        for user: UserVector, limit: Int, hiding: [Int32] = [], excluding: ItemSet? = nil
    ) -> [ScoredItem] {
        rank(for: [RankingSubject(.vector(user), hidden: hiding)], limit: limit, excluding: excluding).lists[0]
    }

    /// The items with the most interactions, whoever asks.
    public func popular(limit: Int, excluding: ItemSet? = nil) -> [ScoredItem] {
        var best: [ScoredItem] = []
        for item in popularityOrder {
            if best.count >= limit { break }
            if let excluding, excluding.contains(Int(item)) { continue }
            best.append(ScoredItem(item: Int(item), score: popularity[Int(item)]))
        }
        return best
    }
}

extension ModelSnapshot {
    /// What the model says of a user and an item, either of which may be unknown to it (nil).
    public func predict(user: Int?, item: Int?) -> Prediction {
        let vector = user.map { model.ownVector(of: $0) } ?? prior.user
        let rows = item.map { model.gather([Int32($0)]) } ?? prior.item
        let basis: PredictionBasis =
            switch (user, item) {
            case (.some, .some): .model
            case (.some, nil): .userOnly
            case (nil, .some): .itemOnly
            case (nil, nil): .prior
            }
        var logit = model.score(vector, rows)[0]
        if let user, let item { logit += model.related(of: user, to: item) }
        return prediction(logit: logit, basis: basis)
    }

    /// The same of a user the model knows, for who asks about it many times: `vector` is ``vector(ofUser:)``.
    public func predict(_ vector: UserVector, ofUser user: Int, item: Int?) -> Prediction {
        let rows = item.map { model.gather([Int32($0)]) } ?? prior.item
        return prediction(logit: model.score(vector, rows)[0], basis: item == nil ? .userOnly : .model)
    }

    /// What the model says of a user folded in by ``foldIn(items:weights:ratings:)``.
    public func predict(foldedIn user: UserVector, item: Int?) -> Prediction {
        let rows = item.map { model.gather([Int32($0)]) } ?? prior.item
        return prediction(logit: model.score(user, rows)[0], basis: .foldIn)
    }

    /// What the model says of an item that it does not know, by its features.
    public func predict(_ user: UserVector, item: FeaturedItem) -> Prediction {
        prediction(logit: score(user, FeaturedItems([item]))[0], basis: .features)
    }

    /// The vector of a user that the model knows, or of the mean user.
    public func vector(ofUser user: Int?) -> UserVector { user.map { model.vector(of: $0) } ?? prior.user }

    /// What a logit of this model means to a person.
    public func prediction(logit: Float, basis: PredictionBasis) -> Prediction {
        guard objective == .rating else {
            return Prediction(logit: logit, probability: 1 / (1 + exp(-logit)), rating: nil, basis: basis)
        }
        let rating = bounded?.rating(logit) ?? logit.clamped(to: ratingRange)
        let span = ratingRange.map { $0.upperBound - $0.lowerBound } ?? 0
        let position = span > 0 ? (rating - (ratingRange?.lowerBound ?? 0)) / span : 0.5
        return Prediction(logit: logit, probability: position, rating: rating, basis: basis)
    }
}
