/// The parts that a logit is the sum of; of a model of bounded ratings the logit too, not the rating that it is mapped to.
public struct ScoreParts: Sendable, Equatable {
    /// Matrix factorisation's, h_Gᵀ (p_G ⊙ q_G).
    public var gmf: Float
    /// The tower's, h_Mᵀ φ_M.
    public var mlp: Float
    /// What the neighbours of the item in the user's history add.
    public var neighbours: Float
    /// β_u.
    public var userBias: Float
    /// β_i.
    public var itemBias: Float
    /// μ.
    public var global: Float

    /// The logit.
    public var sum: Float { userBias + itemBias + global + gmf + mlp + neighbours }
}

/// Why an item has its score.
public struct Explanation: Sendable, Equatable {
    /// The item's dense index.
    public var item: Int
    /// What the logit consists of.
    public var parts: ScoreParts
    /// Items of the user's history, by how much the logit would lose without them, most first; only those that help.
    public var becauseOf: [ScoredItem]
}

extension ModelSnapshot {
    /// Explains the scores of `items` for a user the model knows, by what it had seen, and not disliked, when the model was
    /// trained.
    public func explain(user: Int, items: [Int32], reasons: Int = 3) -> [Explanation] {
        explain(
            model.vector(of: user), items: items, history: likedItems(of: user), weights: likedWeights(of: user),
            reasons: reasons)
    }

    /// Explains the scores of `items` for a user given by its vector.
    ///
    /// Where the model knows histories, and nothing is known of ratings, what a score loses without an item of the history is exact: the score
    /// less the one without that item in the user's bag, the user's own embedding staying. Elsewhere it is what folding in the rest would
    /// change, the bag included, found from one system of equations by a rank-one downdate each (Sherman–Morrison): equal to folding in anew
    /// for a rating model without tower whose vector was folded in, one Newton step towards it otherwise. The tower enters by its gradient.
    ///
    /// - Parameters:
    ///   - history: What the user interacted with, oldest first; `weights` and `ratings` as in
    ///     ``foldIn(items:weights:ratings:)``.
    ///   - reasons: How many items of the history to name at most.
    public func explain(
        _ user: UserVector, items: [Int32], history: [Int32], weights: [Float]? = nil, ratings: [Float]? = nil,
        reasons: Int = 3
    ) -> [Explanation] {
        let rows = model.gather(items)
        let parts = parts(user, rows)
        let (samples, positives) = foldInSamples(items: history, weights: weights, ratings: ratings)
        let losses =
            if let table = model.history, objective != .rating || ratings == nil {
                bagLosses(
                    user, of: rows, table,
                    samples.prefix(positives).map { HistoryItem(item: $0.item, factor: $0.bagFactor) })
            } else if let training = cosineTraining {
                cosineLosses(user, of: rows, samples, positives, training)
            } else {
                influence(of: samples).losses(user, of: rows, samples: samples, historyCount: positives)
            }
        return items.indices.map { index in
            var best = TopK(limit: min(reasons, positives))
            for place in 0..<positives where !losses.isEmpty {
                let loss = losses[index * positives + place]
                if loss > 0 { best.offer(item: Int(samples[place].item), score: loss) }
            }
            return Explanation(item: Int(items[index]), parts: parts[index], becauseOf: best.ranked())
        }
    }

    private func influence(of samples: [FoldIn.Sample]) -> HistoryInfluence {
        var influence = HistoryInfluence(
            model: model, prior: prior, objective: objective, bounded: bounded, ratingUnit: ratingUnit,
            calibration: lineage.calibration ?? .none)
        if model.history != nil {
            influence.bagShifts = foldIn(around: prior).bagShifts(samples, model.gather(samples.map(\.item)))
        }
        return influence
    }

    /// What the scores lose where the user's direction is found without each of the newest ``rememberedHistory`` items, the others not
    /// being asked; rows × history, row-major.
    private func cosineLosses(
        _ user: UserVector, of rows: ItemRows, _ samples: [FoldIn.Sample], _ positives: Int,
        _ training: CosineFit.Training
    ) -> [Float] {
        let fit = CosineFit(samples, rows: model.gather(samples.map(\.item)).gmf, width: model.gmfWidth, training)
        let length = CosineFit.length(of: user.gmf)
        func scores(_ direction: [Float]?) -> [Float] {
            var other = user
            other.gmf = direction.map { direction in direction.map { length * $0 } } ?? prior.user.gmf
            return model.score(other, rows)
        }
        let whole = scores(fit.direction())
        // The newest come first.
        let rest = (0..<min(positives, Self.rememberedHistory)).map { scores(fit.direction(without: $0)) }
        return (0..<rows.count).flatMap { row in
            (0..<positives).map { $0 < rest.count ? whole[row] - rest[$0][row] : 0 }
        }
    }

    /// What the scores lose without each item of the history in the user's bag, exactly; rows × history, row-major.
    private func bagLosses(
        _ user: UserVector, of rows: ItemRows, _ table: HistoryTable, _ history: [HistoryItem]
    ) -> [Float] {
        // Newest first, as samples are.
        let known = Array(history.reversed())
        var plain = user
        plain.related = .none
        let whole = model.score(plain, rows)
        let embeddings = table.withoutNeighbours
        let rest = history.map { model.score(embeddings.removing([$0], from: plain, in: known), rows) }
        var losses = (0..<rows.count).flatMap { row in rest.map { whole[row] - $0[row] } }
        guard let neighbours = table.neighbours, case .items(let items) = rows.meaning else { return losses }
        for (place, spoken) in history.enumerated() {
            let weight = table.weight(of: spoken, in: known)
            for (row, item) in items.enumerated() {
                losses[row * history.count + place] += weight * neighbours.weight(of: Int(spoken.item), for: Int(item))
            }
        }
        return losses
    }

    private func parts(_ user: UserVector, _ rows: ItemRows) -> [ScoreParts] {
        let whole = model.score(user, rows)
        let withoutTower = model.layers.isEmpty ? whole : model.scoreWithoutTower(user, rows)
        return (0..<rows.count).map { row in
            let biases = rows.bias[row] + (user.bias + model.globalBias)
            var neighbours: Float = 0
            if case .items(let items) = rows.meaning { neighbours = user.related[Int(items[row])] }
            return ScoreParts(
                gmf: model.gmfWidth > 0 ? withoutTower[row] - biases - neighbours : 0,
                mlp: whole[row] - withoutTower[row], neighbours: neighbours, userBias: user.bias,
                itemBias: rows.bias[row], global: model.globalBias)
        }
    }
}
