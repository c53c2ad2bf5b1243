/// The embeddings of features, in all parts of a row at once: [GMF: d | MLP: m | bias: 1].
struct FeatureEmbeddings: Sendable {
    /// d.
    let gmf: Int
    /// m.
    let mlp: Int
    /// The row of one without any feature, then one for each feature.
    let rows: FrozenArray<Float>

    var width: Int { gmf + mlp + 1 }
    /// How many features there are.
    var count: Int { rows.count / width - 1 }

    init(gmf: Int, mlp: Int, rows: FrozenArray<Float>) {
        precondition(rows.count >= gmf + mlp + 1 && rows.count % (gmf + mlp + 1) == 0)
        self.gmf = gmf
        self.mlp = mlp
        self.rows = rows
    }

    /// What one with these features is expected to be; O(features · width).
    func sum(of features: SparseFeatures) -> UserVector {
        let width = width
        var row = Array(rows[0..<width])
        unsafe rows.withUnsafeBufferPointer { rows in
            for (index, weight) in zip(features.indices, features.weights) {
                precondition(index >= 0 && Int(index) < count, "a feature that is not there")
                let start = (Int(index) + 1) * width
                for k in 0..<width { unsafe row[k] += weight * rows[start + k] }
            }
        }
        return UserVector(gmf: Array(row[..<gmf]), mlp: Array(row[gmf..<gmf + mlp]), bias: row[gmf + mlp])
    }
}

extension UserVector {
    /// Element by element.
    func adding(_ other: UserVector) -> UserVector {
        UserVector(
            gmf: zip(gmf, other.gmf).map { $0 + $1 }, mlp: zip(mlp, other.mlp).map { $0 + $1 }, bias: bias + other.bias)
    }

    /// [p_G | p_M | β_u].
    var row: [Float] { gmf + mlp + [bias] }

    /// Whether every number is finite.
    var isFinite: Bool { gmf.allSatisfy(\.isFinite) && mlp.allSatisfy(\.isFinite) && bias.isFinite }
}
