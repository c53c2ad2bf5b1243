extension ModelSnapshot {
    /// The index of the user with that ID; nil if the model does not know it, or must not any longer.
    public func index(ofUser id: String) -> Int? {
        guard let user = users.index(of: id), !hidden.contains(user) else { return nil }
        return user
    }

    /// Answers no more for that user, from the next question on.
    func hide(_ id: String) {
        if let user = users.index(of: id) { hidden.insert(user) }
    }

    /// The same model without `gone`: no ID, no vector, no history, and one less for each item they had touched.
    ///
    /// What they have in common with everybody stays: the items' vectors, the mean user, and what features say. O(users · d + interactions).
    func removing(users gone: Set<Int>) -> ModelSnapshot {
        let kept = (0..<userCount).filter { !gone.contains($0) }
        var ids = IDMap.Builder()
        for user in kept { _ = ids.intern(users[user]) }
        var offsets: [UInt64] = [0]
        var items: [Int32] = []
        var opinions: [UInt8] = []
        var weights: [Float] = []
        for user in kept {
            let own = seen.list(of: user)
            items += own.map(\.item)
            opinions += own.map(\.opinion.rawValue)
            weights += own.map { $0.weight ?? 1 }
            offsets.append(UInt64(items.count))
        }
        var counts = Array(popularity)
        for user in gone {
            for seen in seen.list(of: user) where seen.opinion == .liked {
                counts[Int(seen.item)] = max(0, counts[Int(seen.item)] - 1)
            }
        }
        let left = SeenItems(
            offsets: FrozenArray(offsets), items: FrozenArray(items),
            opinions: seen.opinions.map { _ in FrozenArray(opinions) },
            weights: seen.weights.map { _ in FrozenArray(weights) })
        let order = counts.indices.sorted { (counts[$0], $1) > (counts[$1], $0) }
        return ModelSnapshot(
            version: version, users: ids.build(), items: self.items, lineage: lineage, ratingScale: ratingScale,
            model: ScoringModel(model, users: kept, seen: left), seen: left,
            popularity: FrozenArray(counts), popularityOrder: FrozenArray(order.map(Int32.init)), prior: prior,
            features: features)
    }
}

extension ScoringModel {
    /// The same numbers for some of the users, in this order.
    ///
    /// - Parameter seen: What these users have seen.
    convenience init(_ other: ScoringModel, users: [Int], seen: SeenItems) {
        self.init(
            architecture: other.architecture, userCount: users.count, itemCount: other.itemCount,
            gmfWidth: other.gmfWidth, mlpWidth: other.mlpWidth,
            userGMF: other.userGMF.rows(users, width: other.gmfWidth), itemGMF: other.itemGMF,
            userMLP: other.userMLP.rows(users, width: other.mlpWidth), itemMLP: other.itemMLP,
            itemHalves: other.itemHalves, layers: other.layers, outputWeights: other.outputWeights,
            userBias: other.userBias.rows(users, width: 1), itemBias: other.itemBias, globalBias: other.globalBias,
            history: other.history, seen: seen)
    }
}

extension FrozenArray<Float> {
    /// Some rows of a row-major matrix, in this order.
    fileprivate func rows(_ rows: [Int], width: Int) -> FrozenArray {
        unsafe FrozenArray(count: rows.count * width) { target in
            unsafe withUnsafeBufferPointer { source in
                for (place, row) in rows.enumerated() {
                    for k in 0..<width { unsafe target[place * width + k] = source[row * width + k] }
                }
            }
        }
    }
}
