/// How the trained users and items are distributed: what is assumed of one the model does not know.
///
/// An unknown user is taken for the mean user, an unknown item for the mean item. For folding in, the users' spread around
/// their mean is a Gaussian prior, element by element.
struct ModelPrior: Sendable {
    /// The mean user.
    let user: UserVector
    /// The variance of the users' elements around ``user``, in the same places.
    let userVariance: UserVector
    /// The mean item, as one row.
    let item: ItemRows

    init(user: UserVector, userVariance: UserVector, item: ItemRows) {
        self.user = user
        self.userVariance = userVariance
        self.item = item
    }

    /// One over the variance of each of the users' elements, or over ``FoldIn/leastVariance`` in the square of `logitUnit`, where
    /// elements are told in it: the bias, and where nothing else turns products into logits p_G.
    func precisions(of architecture: Architecture, logitUnit: Float, withTower: Bool = true) -> [Float] {
        let floor = FoldIn.leastVariance
        let scaled = floor * logitUnit * logitUnit
        let floors = UserVector(
            gmf: userVariance.gmf.map { _ in architecture == .mf ? scaled : floor },
            mlp: userVariance.mlp.map { _ in floor }, bias: scaled)
        return zip(userVariance.elements(withTower: withTower), floors.elements(withTower: withTower))
            .map { 1 / max($0, $1) }
    }

    /// The same with `history` in the mean user's bag.
    func around(_ history: [HistoryItem], of model: ScoringModel) -> ModelPrior {
        guard let table = model.history, !history.isEmpty else { return self }
        return ModelPrior(user: table.adding(history, to: user), userVariance: userVariance, item: item)
    }

    /// O(all embeddings). Users with histories are distributed around what their histories say: as `history` has it.
    init(_ model: ScoringModel, history: ModelParameters.History? = nil) {
        let gmf = ColumnMoments(model.userGMF, rows: model.userCount, width: model.gmfWidth)
        let mlp = ColumnMoments(model.userMLP, rows: model.userCount, width: model.mlpWidth)
        let bias = ColumnMoments(model.userBias, rows: model.userCount, width: 1)
        user = history?.ownMean ?? UserVector(gmf: gmf.means, mlp: mlp.means, bias: bias.means[0])
        userVariance =
            history?.ownVariance ?? UserVector(gmf: gmf.variances, mlp: mlp.variances, bias: bias.variances[0])
        let halfWidth = model.layers.first?.outputs ?? 0
        func mean(_ rows: FrozenArray<Float>, _ width: Int) -> FrozenArray<Float> {
            FrozenArray(ColumnMoments(rows, rows: model.itemCount, width: width).means)
        }
        item = ItemRows(
            count: 1, gmf: mean(model.itemGMF, model.gmfWidth), halves: mean(model.itemHalves, halfWidth),
            bias: mean(model.itemBias, 1))
    }
}

/// The mean and the variance of each column of a row-major matrix; zeros where there are no rows.
struct ColumnMoments {
    var means: [Float]
    var variances: [Float]

    init(_ matrix: FrozenArray<Float>, rows: Int, width: Int) {
        var sums = [Double](repeating: 0, count: width)
        var squares = sums
        unsafe matrix.withUnsafeBufferPointer { matrix in
            for row in 0..<rows {
                for column in 0..<width {
                    let value = unsafe Double(matrix[row * width + column])
                    sums[column] += value
                    squares[column] += value * value
                }
            }
        }
        let count = Double(max(1, rows))
        means = sums.map { Float($0 / count) }
        variances = zip(sums, squares).map { Float(max(0, $1 / count - ($0 / count) * ($0 / count))) }
    }
}
