/// Some items' logits for a user, and their derivatives by what is the user's: x = ∂logit/∂[p_G ; p_M ; β_u].
///
/// p_G and β_u enter linearly, so their columns, h ⊙ q and 1, stay; those of p_M are the tower's where it was last
/// evaluated. With a p_M that stays there are none.
@safe
struct LogitFeatures {
    private let model: ScoringModel
    private let rows: ItemRows
    private let tower: TowerGradients?
    /// What the tower says with a p_M that stays; empty where it moves.
    private let fixed: [Float]
    /// d + m + 1, or d + 1 with a p_M that stays.
    let width: Int
    /// A row for each item.
    let matrix: AlignedBuffer<Float>

    /// - Parameter user: Whose p_M stays, where it does.
    init(_ model: ScoringModel, _ rows: ItemRows, fixingTowerOf user: UserVector? = nil) {
        self.model = model
        self.rows = rows
        tower = model.architecture.hasMLP && user == nil ? TowerGradients(model, rows) : nil
        width = model.gmfWidth + (tower == nil ? 0 : model.mlpWidth) + 1
        if let user, model.architecture.hasMLP {
            fixed = zip(model.score(user, rows), model.scoreWithoutTower(user, rows)).map { $0 - $1 }
        } else {
            fixed = []
        }
        matrix = AlignedBuffer(count: rows.count * width, repeating: 1)
        unsafe rows.gmf.withUnsafeBufferPointer { gmf in
            unsafe model.outputWeights.withUnsafeBufferPointer { weights in
                for row in 0..<rows.count {
                    for k in 0..<model.gmfWidth {
                        unsafe matrix.base[row * width + k] = weights[k] * gmf[row * model.gmfWidth + k]
                    }
                }
            }
        }
    }

    /// How many items there are.
    var count: Int { rows.count }

    /// The logits at `user`, where ``matrix`` then holds the derivatives.
    func evaluate(at user: UserVector) -> [Float] {
        var logits = model.scoreWithoutTower(user, rows)
        guard let tower else {
            for row in fixed.indices { logits[row] += fixed[row] }
            return logits
        }
        tower.evaluate(at: user.mlp, addingTo: &logits)
        let (gradients, m) = (tower.all(), model.mlpWidth)
        unsafe gradients.withUnsafeBufferPointer { gradients in
            for row in 0..<rows.count {
                let place = row * width + model.gmfWidth
                for k in 0..<m { unsafe matrix.base[place + k] = gradients[row * m + k] }
            }
        }
        return logits
    }
}
