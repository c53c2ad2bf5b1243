extension ModelSnapshot {
    /// Items of the known history that new ones are set against, where there are no bags. As good as the whole history,
    /// and cheaper.
    static let rememberedHistory = 50

    /// The vector of a user the model knows who has interacted with `items` since it was trained.
    ///
    /// Where the model knows histories, what training found with the new items in the user's bag as well: exactly what the
    /// model itself says of such a user, all else being as it was trained; O(items · width).
    ///
    /// Otherwise what training found, moved by what the new items change about a fold-in: the difference between folding in
    /// the end of the known history with and without them, in which all cancels that a fold-in sees otherwise than training.
    /// Folding in everything in the vector's place would lose what training knows. p_G and β_u move. The tower's
    /// embedding, whose fold-in costs more, stays as it was trained, unless there is nothing else. Costs two linear
    /// fold-ins, well below a millisecond.
    ///
    /// Without new items it is the trained vector to the bit.
    ///
    /// - Parameter items: Oldest first; those the model has seen, those outside the catalogue, and repetitions change nothing.
    public func foldIn(user: Int, newer items: [Int32]) -> UserVector {
        let own = model.vector(of: user)
        let seen = seenItems(of: user)
        let new = newItems(among: items, beside: seen)
        guard !new.isEmpty else { return own }
        if let history = model.history { return history.adding(new, to: own) }
        guard model.architecture.hasGMF else { return descended(own, new, seen) }
        let remembered = Array(seen.suffix(Self.rememberedHistory))
        let before = linearFoldIn(remembered, tower: own.mlp)
        let after = linearFoldIn(remembered + new, tower: own.mlp)
        var moved = own
        for k in moved.gmf.indices { moved.gmf[k] += after.gmf[k] - before.gmf[k] }
        moved.bias += after.bias - before.bias
        return moved
    }

    /// The items of the catalogue that are not in `seen`, each once, in their order.
    private func newItems(among items: [Int32], beside seen: [Int32]) -> [Int32] {
        var known = ItemSet(itemCount: itemCount, items: seen.map(Int.init))
        return items.filter { item in
            guard item >= 0, item < itemCount, !known.contains(Int(item)) else { return false }
            known.insert(Int(item))
            return true
        }
    }

    /// A fold-in of p_G and β_u beside a tower whose embedding is given.
    private func linearFoldIn(_ items: [Int32], tower: [Float]) -> UserVector {
        var around = prior.user
        around.mlp = tower
        let prior = ModelPrior(user: around, userVariance: prior.userVariance, item: prior.item)
        return FoldIn(model: model, prior: prior, objective: objective)
            .vector(samples: foldInSamples(items: items, weights: nil, ratings: nil).all, movesTower: false)
    }

    /// Down the new items' loss from the trained vector: in a tower the difference of two fold-ins means nothing.
    private func descended(_ own: UserVector, _ new: [Int32], _ seen: [Int32]) -> UserVector {
        let known = ItemSet(itemCount: itemCount, items: seen.map(Int.init))
        let prior = ModelPrior(user: own, userVariance: prior.userVariance, item: prior.item)
        // What the user has seen is no negative of what came after it.
        let samples = foldInSamples(items: new, weights: nil, ratings: nil).all
            .filter { $0.target != 0 || !known.contains(Int($0.item)) }
        return FoldIn(model: model, prior: prior, objective: objective).vector(samples: samples)
    }
}
