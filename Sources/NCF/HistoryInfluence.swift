/// What scores lose without each item of a history: influence by the second derivative of the fold-in's own loss.
struct HistoryInfluence {
    let model: ScoringModel
    let prior: ModelPrior
    let objective: Objective
    /// How a rating comes from a logit; nil where it is one.
    var bounded: BoundedRating?

    /// Rows × history, row-major; empty where the system cannot be solved.
    ///
    /// One decomposition, O(samples · size² + size³) for p_G, p_M and β_u together, and a product for each pair.
    func losses(_ user: UserVector, of rows: ItemRows, samples: [FoldIn.Sample], historyCount: Int) -> [Float] {
        guard historyCount > 0, rows.count > 0 else { return [] }
        let loss = SampleLoss(samples, objective: objective, bounded: bounded)
        let history = LogitFeatures(model, model.gather(samples.map(\.item)))
        var slopes = [Float](repeating: 0, count: samples.count)
        let logits = history.evaluate(at: user)
        _ = unsafe loss.evaluate(logits, slopes: &slopes)
        var curvatures = slopes
        unsafe loss.curvatures(at: logits, slopes, into: &curvatures)
        var system = SymmetricSystem(diagonal: prior.userVariance.elements().map { 1 / max($0, FoldIn.leastVariance) })
        var own = history.matrix.array
        system.add(rows: own, weights: curvatures)
        let size = system.size
        guard let factor = system.factored() else { return [] }
        own.removeSubrange(historyCount * size..<own.count)
        factor.halve(rows: &own)
        let features = LogitFeatures(model, rows)
        _ = features.evaluate(at: user)
        var asked = features.matrix.array
        factor.halve(rows: &asked)
        var products = products(own, asked, size: size)
        for place in 0..<historyCount {
            let leverage = (place * size..<(place + 1) * size).reduce(Float(0)) { $0 + own[$1] * own[$1] }
            // Without sample j the gradient at this point is −g_j f_j, and the system A − w_j f_j f_jᵀ.
            let scale = -slopes[place] / max(1e-6, 1 - curvatures[place] * leverage)
            for row in 0..<rows.count { products[row * historyCount + place] *= scale }
        }
        return products
    }

    /// asked row · own row, for all of both.
    private func products(_ own: [Float], _ asked: [Float], size: Int) -> [Float] {
        let (count, rows) = (own.count / size, asked.count / size)
        return unsafe [Float](count: rows * count) { products in
            unsafe ServingProducts.product(
                asked, rows: rows, inner: size, own, columns: count, rightStride: size, into: products)
        }
    }
}
