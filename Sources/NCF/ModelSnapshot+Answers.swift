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
        let hidden = excludingSeen ? seenItems(of: user) : []
        return recommend(for: model.vector(of: user), limit: limit, hiding: hidden, excluding: excluding)
    }

    /// The best items for a user given by its vector, such as one folded in; `hiding` are items to leave out.
    public func recommend(
        for user: UserVector, limit: Int, hiding: [Int32] = [], excluding: ItemSet? = nil
    ) -> [ScoredItem] {
        guard limit > 0, itemCount > 0 else { return [] }
        var scores = unsafe [Float](unsafeUninitializedCapacity: itemCount) { buffer, count in
            unsafe buffer.initialize(repeating: 0)
            count = buffer.count
        }
        var span = scores.mutableSpan
        model.score(user, into: &span)
        // A masked score costs one store; a lookup in the history would cost a search for every promising item.
        for item in hiding where item >= 0 && Int(item) < scores.count { scores[Int(item)] = -.infinity }
        return unsafe scores.withUnsafeBufferPointer {
            unsafe TopK.select(from: $0, limit: limit, excluding: excluding)
        }
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

    /// The items whose vectors point the same way as `item`'s, by cosine from −1 to 1, without `item` itself.
    ///
    /// By the GMF embeddings, each element weighted by |h| as in the logit; by the item halves of the first layer where
    /// there is no GMF branch. O(catalogue · width).
    public func similar(item: Int, limit: Int, excluding: ItemSet? = nil) -> [ScoredItem] {
        let width = architectureHasGMF ? model.gmfWidth : model.layers.first?.outputs ?? 0
        let rows = architectureHasGMF ? model.itemGMF : model.itemHalves
        let weights =
            architectureHasGMF ? model.outputWeights.prefix(width).map(abs) : Array(repeating: 1, count: width)
        precondition(item >= 0 && item < itemCount, "an item index out of bounds")
        var best = TopK(limit: min(limit, itemCount))
        unsafe rows.withUnsafeBufferPointer { rows in
            let own = unsafe UnsafeBufferPointer(rebasing: rows[item * width..<(item + 1) * width])
            let ownNorm = unsafe Self.dot(own, own, weights)
            for other in 0..<itemCount where other != item {
                if let excluding, excluding.contains(other) { continue }
                let row = unsafe UnsafeBufferPointer(rebasing: rows[other * width..<(other + 1) * width])
                let norms = unsafe (ownNorm * Self.dot(row, row, weights)).squareRoot()
                if norms > 0 { unsafe best.offer(item: other, score: Self.dot(own, row, weights) / norms) }
            }
        }
        return best.ranked()
    }

    private var architectureHasGMF: Bool { model.architecture.hasGMF }

    private static func dot(
        _ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>, _ weights: [Float]
    ) -> Float {
        var sum: Float = 0
        for index in weights.indices { unsafe sum += weights[index] * left[index] * right[index] }
        return sum
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
