/// What the items of a history contribute to a user's vector, as it serves; see ``ModelParameters/History``.
struct HistoryTable: Sendable {
    /// What the newest item counts; all of them, without ``recency``.
    let weight: Float
    /// How the others count less with their places.
    let recency: HistoryRecency
    /// I × d.
    let gmf: FrozenArray<Float>
    /// I × m.
    let mlp: FrozenArray<Float>
    /// I elements.
    let bias: FrozenArray<Float>

    init(
        weight: Float, recency: HistoryRecency = .none, gmf: FrozenArray<Float>, mlp: FrozenArray<Float>,
        bias: FrozenArray<Float>
    ) {
        self.weight = weight
        self.recency = recency
        self.gmf = gmf
        self.mlp = mlp
        self.bias = bias
    }

    init(_ parameters: ModelParameters.History) {
        self.init(
            weight: parameters.weight, recency: HistoryRecency(halfLife: parameters.halfLife),
            gmf: FrozenArray(parameters.gmf), mlp: FrozenArray(parameters.mlp), bias: FrozenArray(parameters.bias))
    }

    /// What the item in `place` of a history counts, the newest being in place 0.
    func weight(at place: Int) -> Float { weight * recency.factor(at: place) }

    /// `vector` and the weighted sum of what `items` contribute.
    func adding(_ items: ArraySlice<Int32>, weights: [Float], to vector: UserVector) -> UserVector {
        var sum = vector
        for (item, weight) in zip(items, weights) where weight != 0 { add(item, weight, to: &sum) }
        return sum
    }

    /// `vector` with `items`, each there once and oldest first, at the end of its history as well.
    ///
    /// - Parameter known: The history that is there, oldest first: its items move away from the end. Not looked at where the order
    ///   means nothing.
    func adding(_ items: [Int32], to vector: UserVector, after known: [Int32] = []) -> UserVector {
        var sum = vector
        for (index, item) in items.enumerated() { add(item, weight(at: items.count - 1 - index), to: &sum) }
        guard recency.isOn, !items.isEmpty else { return sum }
        for (index, item) in known.enumerated() {
            let place = known.count - 1 - index
            add(item, weight(at: place + items.count) - weight(at: place), to: &sum)
        }
        return sum
    }

    /// `vector` without `items`, which are in its history `known`, given oldest first; the others stay in their places. Not looked at
    /// where the order means nothing.
    func removing(_ items: [Int32], from vector: UserVector, in known: [Int32] = []) -> UserVector {
        var sum = vector
        for item in items {
            let index = recency.isOn ? known.lastIndex(of: item) : nil
            add(item, -weight(at: index.map { known.count - 1 - $0 } ?? 0), to: &sum)
        }
        return sum
    }

    /// `vector` with the history `new` in the place of `old`, both oldest first.
    func replacing(_ old: [Int32], by new: [Int32], in vector: UserVector) -> UserVector {
        var sum = vector
        for (index, item) in old.enumerated() { add(item, -weight(at: old.count - 1 - index), to: &sum) }
        return adding(new, to: sum)
    }

    private func add(_ item: Int32, _ weight: Float, to sum: inout UserVector) {
        Self.add(gmf, Int(item), weight, to: &sum.gmf)
        Self.add(mlp, Int(item), weight, to: &sum.mlp)
        sum.bias += weight * bias[Int(item)]
    }

    private static func add(_ rows: FrozenArray<Float>, _ item: Int, _ weight: Float, to sum: inout [Float]) {
        let width = sum.count
        precondition(item >= 0 && (item + 1) * width <= rows.count, "an item index out of bounds")
        unsafe rows.withUnsafeBufferPointer { rows in
            for k in 0..<width { unsafe sum[k] += weight * rows[item * width + k] }
        }
    }
}
