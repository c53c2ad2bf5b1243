extension ModelSnapshot {
    /// Whether what a user has interacted with is part of its vector: ``HistoryBag``.
    public var knowsHistories: Bool { model.history != nil }

    /// How many items of a history count, the newest; 0 where all do.
    public var historyLength: Int { model.history?.recency.length ?? 0 }

    /// The same model, with what features say; shares all memory with this one.
    func knowing(_ features: ModelFeatures) -> ModelSnapshot {
        ModelSnapshot(
            version: version, users: users, items: items, lineage: lineage, ratingScale: ratingScale, model: model,
            seen: seen, popularity: popularity, popularityOrder: popularityOrder, prior: prior, negatives: negatives,
            features: features)
    }

    /// What the model expects of an item that it does not know, by what it is; nil where it knows none of that.
    public func item(with record: FeatureRecord) -> FeaturedItem? {
        guard let side = features?.items else { return nil }
        let features = side.vocabulary.features(of: record)
        guard !features.isEmpty else { return nil }
        var row = side.embeddings.sum(of: features)
        if objective == .cosineContrastive { row = atLengthOfItems(row) }
        guard row.isFinite else { return nil }
        return FeaturedItem(gmf: row.gmf, half: model.itemHalf(row.mlp), bias: row.bias)
    }

    /// Cosines compare directions: every row has the same length.
    private func atLengthOfItems(_ row: UserVector) -> UserVector {
        func length(_ vector: some Sequence<Float>) -> Float { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        guard itemCount > 0, length(row.gmf) > 0 else { return row }
        let scale = length(model.itemGMF[0..<model.gmfWidth]) / length(row.gmf)
        return UserVector(gmf: row.gmf.map { scale * $0 }, mlp: row.mlp, bias: row.bias)
    }

    /// Features of a user, as far as the model knows them; nil where it knows none.
    public func userFeatures(of record: FeatureRecord) -> SparseFeatures? {
        guard let side = features?.users else { return nil }
        let features = side.vocabulary.features(of: record)
        return features.isEmpty ? nil : features
    }

    /// What the model expects of a user that it does not know and of whom nothing but `features` is known.
    public func user(with features: SparseFeatures) -> UserVector? {
        guard let side = self.features?.users else { return nil }
        let own = side.embeddings.sum(of: features)
        let whole = side.histories.map { own.adding($0.sum(of: features)) } ?? own
        return whole.isFinite ? whole : nil
    }

    /// What is assumed of a user with `features` before its history is looked at.
    func prior(of features: SparseFeatures?) -> ModelPrior {
        guard let features, let side = self.features?.users else { return prior }
        let own = side.embeddings.sum(of: features)
        return own.isFinite ? ModelPrior(user: own, userVariance: prior.userVariance, item: prior.item) : prior
    }

    /// The logits of items that the model does not know, for a user given by its vector.
    public func score(_ user: UserVector, _ items: FeaturedItems) -> [Float] {
        items.count > 0 ? model.score(user, items.rows) : []
    }
}

/// An item that a model does not know, as its features let it appear: ready to be scored.
public struct FeaturedItem: Sendable, Equatable {
    /// q_G.
    let gmf: [Float]
    /// W_1ᴵ q_M.
    let half: [Float]
    /// β_i.
    let bias: Float
}

/// Some of them side by side.
public struct FeaturedItems: Sendable {
    let rows: ItemRows

    /// Lays down items of one model.
    public init(_ items: [FeaturedItem]) {
        rows = ItemRows(
            count: items.count, gmf: FrozenArray(items.flatMap(\.gmf)), halves: FrozenArray(items.flatMap(\.half)),
            bias: FrozenArray(items.map(\.bias)))
    }

    /// How many there are.
    public var count: Int { rows.count }
}

extension ScoringModel {
    /// W_1ᴵ q_M, for a q_M that is none of the catalogue's; empty without a tower.
    func itemHalf(_ embedding: [Float]) -> [Float] {
        guard let first = layers.first else { return [] }
        let width = embedding.count
        return (0..<first.outputs).map { row in
            let start = row * first.inputs + width
            var sum: Float = 0
            for k in 0..<width { sum += first.weights[start + k] * embedding[k] }
            return sum
        }
    }
}
