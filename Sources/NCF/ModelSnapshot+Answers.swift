internal import Glibc

extension ModelSnapshot {
    /// The best items for `user`: exact over the whole catalogue, best first, ties by index.
    ///
    /// - Parameters:
    ///   - excludingSeen: Leaves out what the user had interacted with when the model was trained.
    ///   - excluding: Items to leave out besides.
    public func recommend(
        user: Int, limit: Int, excludingSeen: Bool = true, excluding: ItemSet? = nil
    ) -> [ScoredItem] {
        recommend(users: [user], limit: limit, excludingSeen: excludingSeen, excluding: excluding)[0]
    }

    /// The best items for each of `users`, which get exactly what each would get alone; in their order.
    ///
    /// One pass over the catalogue serves ``usersPerPass`` of them: its cost in memory traffic is one user's.
    public func recommend(
        users: [Int], limit: Int, excludingSeen: Bool = true, excluding: ItemSet? = nil
    ) -> [[ScoredItem]] {
        if users.count > Self.usersPerPass {
            return stride(from: 0, to: users.count, by: Self.usersPerPass).flatMap { start in
                recommend(
                    users: Array(users[start..<min(users.count, start + Self.usersPerPass)]), limit: limit,
                    excludingSeen: excludingSeen, excluding: excluding)
            }
        }
        return unsafe model.best(users: users.count, limit: limit, excluding: excluding) { place, memory in
            unsafe model.prepare(user: users[place], in: memory)
        } hidden: { place, body in
            if excludingSeen { unsafe seen.withItems(of: users[place], body) }
        }
    }

    /// How many users one pass over the catalogue serves: enough to hide its reading, few enough to bound the memory.
    static let usersPerPass = 32

    /// The best items for a user given by its vector, such as one folded in; `hiding` are items to leave out.
    public func recommend(
        for user: UserVector, limit: Int, hiding: [Int32] = [], excluding: ItemSet? = nil
    ) -> [ScoredItem] {
        unsafe model.best(users: 1, limit: limit, excluding: excluding) { _, memory in
            unsafe model.prepare(user, in: memory)
        } hidden: { _, body in
            unsafe hiding.withUnsafeBufferPointer(body)
        }[0]
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
        let vector = user.map { model.vector(of: $0) } ?? prior.user
        let rows = item.map { model.gather([Int32($0)]) } ?? prior.item
        let basis: PredictionBasis =
            switch (user, item) {
            case (.some, .some): .model
            case (.some, nil): .userOnly
            case (nil, .some): .itemOnly
            case (nil, nil): .prior
            }
        return prediction(logit: model.score(vector, rows)[0], basis: basis)
    }

    /// What the model says of a user folded in by ``foldIn(items:weights:ratings:)``.
    public func predict(foldedIn user: UserVector, item: Int?) -> Prediction {
        let rows = item.map { model.gather([Int32($0)]) } ?? prior.item
        return prediction(logit: model.score(user, rows)[0], basis: .foldIn)
    }

    /// What a logit of this model means to a person.
    public func prediction(logit: Float, basis: PredictionBasis) -> Prediction {
        guard objective == .rating else {
            return Prediction(logit: logit, probability: 1 / (1 + exp(-logit)), rating: nil, basis: basis)
        }
        let rating = logit.clamped(to: ratingRange)
        let span = ratingRange.map { $0.upperBound - $0.lowerBound } ?? 0
        let position = span > 0 ? (rating - (ratingRange?.lowerBound ?? 0)) / span : 0.5
        return Prediction(logit: logit, probability: position, rating: rating, basis: basis)
    }
}
