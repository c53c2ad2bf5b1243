/// What scores lose without each item of a history: influence by the second derivative of the fold-in's own loss.
struct HistoryInfluence {
    let model: ScoringModel
    let prior: ModelPrior
    let objective: Objective
    /// How a rating comes from a logit; nil where it is one.
    var bounded: BoundedRating?
    /// What errors of ratings are measured in.
    var ratingUnit: Float = 1
    /// What made the logits of those that the model was trained by.
    var calibration = LogitCalibration.none
    /// Where the history is in the user's bag as well, how each sample's logit is less without itself there (``FoldIn``): then the scores
    /// lose too what moves with the bag.
    var bagShifts: [Float] = []

    /// Rows × history, row-major; empty where the system cannot be solved.
    ///
    /// One decomposition, O(samples · size² + size³) for p_G, p_M and β_u together, and a product for each pair.
    func losses(_ user: UserVector, of rows: ItemRows, samples: [FoldIn.Sample], historyCount: Int) -> [Float] {
        guard historyCount > 0, rows.count > 0 else { return [] }
        let loss = SampleLoss(
            samples, objective: objective, logitsLess: bagShifts, bounded: bounded, ratingUnit: ratingUnit,
            calibration: calibration)
        let history = LogitFeatures(model, model.gather(samples.map(\.item)))
        var slopes = [Float](repeating: 0, count: samples.count)
        let logits = history.evaluate(at: user)
        _ = unsafe loss.evaluate(logits, slopes: &slopes)
        var curvatures = slopes
        unsafe loss.curvatures(at: logits, slopes, into: &curvatures)
        let precision = prior.precisions(of: model.architecture, logitUnit: loss.logitUnit)
        var system = SymmetricSystem(diagonal: precision)
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
        var moved = bagShifts.isEmpty ? [] : bagPulls(samples.prefix(historyCount), precision)
        if !moved.isEmpty { factor.halve(rows: &moved) }
        let pulled = moved.isEmpty ? [] : self.products(moved, asked, size: size)
        for place in 0..<historyCount {
            let range = place * size..<(place + 1) * size
            let leverage = range.reduce(Float(0)) { $0 + own[$1] * own[$1] }
            // Without sample j the gradient at this point is P b_j − g_j f_j, b_j being what it has in the bag, and the system
            // A − w_j f_j f_jᵀ.
            let rest = max(1e-6, 1 - curvatures[place] * leverage)
            let crossed = moved.isEmpty ? 0 : range.reduce(Float(0)) { $0 + own[$1] * moved[$1] }
            let scale = (curvatures[place] * crossed - slopes[place]) / rest
            for row in 0..<rows.count {
                let pair = row * historyCount + place
                products[pair] = scale * products[pair] + (pulled.isEmpty ? 0 : pulled[pair])
            }
        }
        return products
    }

    /// What each sample of a history, newest first, has in the bag, times the prior's precisions: by that the prior moves without it.
    private func bagPulls(_ samples: ArraySlice<FoldIn.Sample>, _ precision: [Float]) -> [Float] {
        guard let history = model.history?.withoutNeighbours else { return [] }
        let nobody = UserVector(
            gmf: Array(repeating: 0, count: model.gmfWidth), mlp: Array(repeating: 0, count: model.mlpWidth), bias: 0)
        return samples.enumerated().flatMap { place, sample in
            let weight = history.weight(of: HistoryItem(item: sample.item, factor: sample.bagFactor), at: place)
            let own = history.adding([sample.item][...], weights: [weight], to: nobody).elements()
            return zip(own, precision).map { $0 * $1 }
        }
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
