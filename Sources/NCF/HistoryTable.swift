/// What the items of a history contribute to a user's vector, as it serves; see ``ModelParameters/History``.
struct HistoryTable: Sendable {
    /// What the newest item counts; all of them, without ``recency``.
    let weight: Float
    /// How the others count less with their places.
    let recency: HistoryRecency
    /// How they count more, the more their interactions do.
    let evidence: HistoryEvidence
    /// I × d.
    let gmf: FrozenArray<Float>
    /// I × m.
    let mlp: FrozenArray<Float>
    /// I elements.
    let bias: FrozenArray<Float>

    init(
        weight: Float, recency: HistoryRecency = .none, evidence: HistoryEvidence = .none, gmf: FrozenArray<Float>,
        mlp: FrozenArray<Float>, bias: FrozenArray<Float>
    ) {
        self.weight = weight
        self.recency = recency
        self.evidence = evidence
        self.gmf = gmf
        self.mlp = mlp
        self.bias = bias
    }

    init(_ parameters: ModelParameters.History) {
        self.init(
            weight: parameters.weight, recency: HistoryRecency(halfLife: parameters.halfLife),
            evidence: parameters.evidence,
            gmf: FrozenArray(parameters.gmf), mlp: FrozenArray(parameters.mlp), bias: FrozenArray(parameters.bias))
    }

    /// What the items of a history count.
    var counting: HistoryCounting { HistoryCounting(recency: recency, evidence: evidence) }

    /// What an item in `place` of a history counts, the newest being in place 0.
    func weight(of item: HistoryItem, at place: Int) -> Float { weight * item.factor * recency.factor(at: place) }

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
    func adding(_ items: [HistoryItem], to vector: UserVector, after known: [HistoryItem] = []) -> UserVector {
        var sum = vector
        for (index, item) in items.enumerated() { add(item, at: items.count - 1 - index, to: &sum) }
        guard recency.isOn, !items.isEmpty else { return sum }
        for (index, item) in known.enumerated() {
            let place = known.count - 1 - index
            add(item.item, weight(of: item, at: place + items.count) - weight(of: item, at: place), to: &sum)
        }
        return sum
    }

    /// `vector` without `items`, which are in its history `known`, given oldest first; the others stay in their places. Not looked at
    /// where the order means nothing.
    func removing(_ items: [HistoryItem], from vector: UserVector, in known: [HistoryItem] = []) -> UserVector {
        var sum = vector
        for item in items {
            let index = recency.isOn ? known.lastIndex { $0.item == item.item } : nil
            add(item.item, -weight(of: item, at: index.map { known.count - 1 - $0 } ?? 0), to: &sum)
        }
        return sum
    }

    /// `vector` with the history `new` in the place of `old`, both oldest first.
    func replacing(_ old: [HistoryItem], by new: [HistoryItem], in vector: UserVector) -> UserVector {
        var sum = vector
        for (index, item) in old.enumerated() {
            add(item.item, -weight(of: item, at: old.count - 1 - index), to: &sum)
        }
        return adding(new, to: sum)
    }

    private func add(_ item: HistoryItem, at place: Int, to sum: inout UserVector) {
        add(item.item, weight(of: item, at: place), to: &sum)
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
