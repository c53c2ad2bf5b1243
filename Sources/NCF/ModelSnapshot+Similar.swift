extension ModelSnapshot {
    /// The items whose vectors point the same way as `item`'s, by cosine from −1 to 1, without `item` itself.
    ///
    /// By the GMF embeddings, each element weighted by |h| as in the logit; by the item halves of the first layer where
    /// there is no GMF branch. One pass over the table, which computes product and length together.
    public func similar(item: Int, limit: Int, excluding: ItemSet? = nil) -> [ScoredItem] {
        precondition(item >= 0 && item < itemCount, "an item index out of bounds")
        let (rows, weights) = itemVectors
        var hidden = excluding ?? ItemSet(itemCount: itemCount)
        hidden.insert(item)
        let row = Array(rows[item * weights.count..<(item + 1) * weights.count])
        return nearest(to: row, in: rows, count: itemCount, weights: weights, limit: limit, hidden: hidden)
    }

    /// The users whose vectors point the same way as `user`'s, by cosine from −1 to 1, without `user` itself and without
    /// those who are hidden.
    ///
    /// By the GMF embeddings as in ``similar(item:limit:excluding:)``, or the MLP embeddings where there are no others.
    public func similar(user: Int, limit: Int) -> [ScoredUser] {
        precondition(user >= 0 && user < userCount, "a user index out of bounds")
        return similarUsers(to: model.vector(of: user), limit: limit, excluding: user)
    }

    /// The users whose vectors point the same way as `vector`, such as one folded in; see ``similar(user:limit:)``.
    ///
    /// - Parameter user: A user to leave out, such as the one that the vector is of.
    public func similarUsers(to vector: UserVector, limit: Int, excluding user: Int? = nil) -> [ScoredUser] {
        let hasGMF = model.architecture.hasGMF
        return nearest(
            to: hasGMF ? vector.gmf : vector.mlp, in: hasGMF ? model.userGMF : model.userMLP, count: userCount,
            weights: hasGMF ? gmfWeights : Array(repeating: 1, count: model.mlpWidth), limit: limit,
            hidden: ItemSet(itemCount: userCount, items: hidden.all + (user.map { [$0] } ?? []))
        ).map { ScoredUser(user: $0.item, score: $0.score) }
    }

    /// What items are compared by, a row each, and what its elements weigh.
    var itemVectors: (rows: FrozenArray<Float>, weights: [Float]) {
        guard model.architecture.hasGMF else {
            return (model.itemHalves, Array(repeating: 1, count: model.tower.half))
        }
        return (model.itemGMF, gmfWeights)
    }

    private var gmfWeights: [Float] { model.outputWeights.prefix(model.gmfWidth).map(abs) }

    private func nearest(
        to row: [Float], in rows: FrozenArray<Float>, count: Int, weights: [Float], limit: Int, hidden: ItemSet
    ) -> [ScoredItem] {
        let (width, block) = (weights.count, ScoringModel.blockItems)
        precondition(row.count == width, "a vector of \(row.count) elements, and rows of \(width)")
        let norm = zip(weights, row).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }.squareRoot()
        let padding = [Float](repeating: 0, count: ServingKernels.padded(width) - width)
        let (weighted, weights) = (zip(weights, row).map { $0 * $1 } + padding, weights + padding)
        var best = TopK(limit: min(limit, count))
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe hidden.words.withUnsafeBufferPointer { hidden in
                unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: block) { cosines in
                    guard let rows = rows.baseAddress, let hidden = hidden.baseAddress,
                        let cosines = cosines.baseAddress
                    else { return }
                    for start in stride(from: 0, to: count, by: block) {
                        let some = start..<min(count, start + block)
                        let part = unsafe ServingKernels.Rows(
                            count: some.count, width: width, base: rows + start * width, bias: rows)
                        unsafe model.kernels.cosines(
                            of: part, with: weighted, weights: weights, norm: norm, into: cosines)
                        unsafe best.offer(some, cosines, hidden: hidden, by: model.kernels)
                    }
                }
            }
        }
        return best.ranked()
    }
}

/// A user and how like another one it is.
public struct ScoredUser: Sendable, Equatable {
    /// The user's dense index.
    public var user: Int
    /// The cosine of the two vectors, from −1 to 1.
    public var score: Float
}
