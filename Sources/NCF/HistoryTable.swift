/// What the items of a history contribute to a user's vector, as it serves; see ``ModelParameters/History``.
struct HistoryTable: Sendable {
    /// What each item counts.
    let weight: Float
    /// I × d.
    let gmf: FrozenArray<Float>
    /// I × m.
    let mlp: FrozenArray<Float>
    /// I elements.
    let bias: FrozenArray<Float>

    init(weight: Float, gmf: FrozenArray<Float>, mlp: FrozenArray<Float>, bias: FrozenArray<Float>) {
        self.weight = weight
        self.gmf = gmf
        self.mlp = mlp
        self.bias = bias
    }

    init(_ parameters: ModelParameters.History) {
        self.init(
            weight: parameters.weight, gmf: FrozenArray(parameters.gmf), mlp: FrozenArray(parameters.mlp),
            bias: FrozenArray(parameters.bias))
    }

    /// `vector` with `items`, each there once, in its history as well.
    func adding(_ items: [Int32], to vector: UserVector) -> UserVector {
        added(items, weight, to: vector)
    }

    /// `vector` without `items`, which are in its history.
    func removing(_ items: [Int32], from vector: UserVector) -> UserVector {
        added(items, -weight, to: vector)
    }

    private func added(_ items: [Int32], _ weight: Float, to vector: UserVector) -> UserVector {
        var sum = vector
        for item in items {
            Self.add(gmf, Int(item), weight, to: &sum.gmf)
            Self.add(mlp, Int(item), weight, to: &sum.mlp)
            sum.bias += weight * bias[Int(item)]
        }
        return sum
    }

    private static func add(_ rows: FrozenArray<Float>, _ item: Int, _ weight: Float, to sum: inout [Float]) {
        let width = sum.count
        precondition(item >= 0 && (item + 1) * width <= rows.count, "an item index out of bounds")
        unsafe rows.withUnsafeBufferPointer { rows in
            for k in 0..<width { unsafe sum[k] += weight * rows[item * width + k] }
        }
    }
}
