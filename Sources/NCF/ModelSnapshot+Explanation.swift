/// The parts that a logit is the sum of.
public struct ScoreParts: Sendable, Equatable {
    /// Matrix factorisation's, h_Gᵀ (p_G ⊙ q_G).
    public var gmf: Float
    /// The tower's, h_Mᵀ φ_M.
    public var mlp: Float
    /// β_u.
    public var userBias: Float
    /// β_i.
    public var itemBias: Float
    /// μ.
    public var global: Float

    /// The logit.
    public var sum: Float { userBias + itemBias + global + gmf + mlp }
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
    /// Explains the scores of `items` for a user the model knows, by what it had seen when the model was trained.
    public func explain(user: Int, items: [Int32], reasons: Int = 3) -> [Explanation] {
        explain(model.vector(of: user), items: items, history: seenItems(of: user), reasons: reasons)
    }

    /// Explains the scores of `items` for a user given by its vector.
    ///
    /// Where the model knows histories, what a score loses without an item of the history is exact: the score less the one
    /// without that item in the user's bag, the user's own embedding staying. Elsewhere it is what folding in the rest would change, found from one system
    /// of equations by a rank-one downdate each (Sherman–Morrison): equal to folding in anew for a rating model without
    /// tower whose vector was folded in, one Newton step towards it otherwise. The tower enters by its gradient.
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
            model.history.map { bagLosses(user, of: rows, $0, samples.prefix(positives).map(\.item)) }
            ?? HistoryInfluence(model: model, prior: prior, objective: objective)
            .losses(user, of: rows, samples: samples, historyCount: positives)
        return items.indices.map { index in
            var best = TopK(limit: min(reasons, positives))
            for place in 0..<positives where !losses.isEmpty {
                let loss = losses[index * positives + place]
                if loss > 0 { best.offer(item: Int(samples[place].item), score: loss) }
            }
            return Explanation(item: Int(items[index]), parts: parts[index], becauseOf: best.ranked())
        }
    }

    /// What the scores lose without each item of the history in the user's bag, exactly; rows × history, row-major.
    private func bagLosses(
        _ user: UserVector, of rows: ItemRows, _ table: HistoryTable, _ history: [Int32]
    ) -> [Float] {
        let whole = model.score(user, rows)
        let rest = history.map { model.score(table.removing([$0], from: user), rows) }
        return (0..<rows.count).flatMap { row in rest.map { whole[row] - $0[row] } }
    }

    private func parts(_ user: UserVector, _ rows: ItemRows) -> [ScoreParts] {
        var silent = user
        silent.gmf = Array(repeating: 0, count: user.gmf.count)
        let tower = model.layers.isEmpty ? nil : model.score(silent, rows)
        return (0..<rows.count).map { row in
            var gmf: Float = 0
            for k in 0..<model.gmfWidth {
                gmf += model.outputWeights[k] * user.gmf[k] * rows.gmf[row * model.gmfWidth + k]
            }
            let biases = rows.bias[row] + (user.bias + model.globalBias)
            return ScoreParts(
                gmf: gmf, mlp: tower.map { $0[row] - biases } ?? 0, userBias: user.bias, itemBias: rows.bias[row],
                global: model.globalBias)
        }
    }
}

/// What scores lose without each item of a history: influence by the second derivative of the fold-in's own loss.
struct HistoryInfluence {
    let model: ScoringModel
    let prior: ModelPrior
    let objective: Objective

    /// Rows × history, row-major; empty where the system cannot be solved.
    func losses(_ user: UserVector, of rows: ItemRows, samples: [FoldIn.Sample], historyCount: Int) -> [Float] {
        guard historyCount > 0 else { return [] }
        let history = model.gather(samples.map(\.item))
        let logits = model.score(user, history)
        let foldIn = FoldIn(model: model, prior: prior, objective: objective)
        let slopes = zip(samples, logits).map { foldIn.slopes($0, logit: $1) }
        let features = features(user, history)
        let size = features.count / samples.count
        var system = SymmetricSystem(size: size)
        system.add(
            rows: features, weights: slopes.map(\.second), values: Array(repeating: 0, count: samples.count))
        let variances = prior.userVariance.gmf + (model.layers.isEmpty ? [] : prior.userVariance.mlp)
        for (k, variance) in (variances + [prior.userVariance.bias]).enumerated() {
            system.addDiagonal(k, weight: 1 / max(variance, FoldIn.leastVariance), value: 0)
        }
        guard let factor = system.factored() else { return [] }
        func halved(_ features: [Float], _ count: Int) -> [[Float]] {
            (0..<count).map { row in
                var half = Array(features[row * size..<(row + 1) * size])
                factor.halve(&half)
                return half
            }
        }
        let own = halved(features, historyCount)
        let asked = halved(self.features(user, rows), rows.count)
        // Without sample j the gradient at this point is −g_j f_j, and the system A − w_j f_j f_jᵀ.
        let scales = own.indices.map { slopes[$0].first / max(1e-6, 1 - slopes[$0].second * dot(own[$0], own[$0])) }
        return asked.flatMap { row in own.indices.map { -scales[$0] * dot(row, own[$0]) } }
    }

    /// ∂logit/∂[p_G ; p_M ; β_u] of each row.
    private func features(_ user: UserVector, _ rows: ItemRows) -> [Float] {
        let weights = Array(model.outputWeights.prefix(model.gmfWidth))
        var features: [Float] = []
        var slopes = [Float](repeating: 0, count: rows.count)
        for row in 0..<rows.count {
            for k in weights.indices { features.append(weights[k] * rows.gmf[row * weights.count + k]) }
            if !model.layers.isEmpty {
                slopes[row] = 1
                features += model.gradient(user, rows, slopes: slopes)
                slopes[row] = 0
            }
            features.append(1)
        }
        return features
    }

    private func dot(_ left: [Float], _ right: [Float]) -> Float {
        unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                var sum = SIMD8<Float>.zero
                let whole = left.count / 8 * 8
                for k in stride(from: 0, to: whole, by: 8) {
                    for lane in 0..<8 { unsafe sum[lane] += left[k + lane] * right[k + lane] }
                }
                var total = sum.sum()
                for k in whole..<left.count { unsafe total += left[k] * right[k] }
                return total
            }
        }
    }
}
