/// What the items of a history contribute to a user's vector, as it serves; see ``ModelParameters/History``.
struct HistoryTable: Sendable {
    /// What the newest item counts; all of them, without ``recency``.
    let weight: Float
    /// How the others count less with their places.
    let recency: HistoryRecency
    /// How they count more, the more their interactions do.
    let evidence: HistoryEvidence
    /// I × d; empty where items contribute to nothing but ``neighbours``.
    let gmf: FrozenArray<Float>
    /// I × m.
    let mlp: FrozenArray<Float>
    /// I elements.
    let bias: FrozenArray<Float>
    /// What items add to the logits of others directly; nil where they do not.
    let neighbours: NeighbourTable?

    init(
        weight: Float, recency: HistoryRecency = .none, evidence: HistoryEvidence = .none, gmf: FrozenArray<Float>,
        mlp: FrozenArray<Float>, bias: FrozenArray<Float>, neighbours: NeighbourTable? = nil
    ) {
        self.weight = weight
        self.recency = recency
        self.evidence = evidence
        self.gmf = gmf
        self.mlp = mlp
        self.bias = bias
        self.neighbours = neighbours
    }

    init(_ parameters: ModelParameters.History) {
        self.init(
            weight: parameters.weight,
            recency: HistoryRecency(halfLife: parameters.halfLife, length: parameters.length),
            evidence: parameters.evidence,
            gmf: FrozenArray(parameters.gmf), mlp: FrozenArray(parameters.mlp), bias: FrozenArray(parameters.bias),
            neighbours: parameters.neighbours)
    }

    /// What the items of a history count.
    var counting: HistoryCounting { HistoryCounting(recency: recency, evidence: evidence) }

    /// What an item in `place` of a history counts, the newest being in place 0.
    func weight(of item: HistoryItem, at place: Int) -> Float { weight * item.factor * recency.factor(at: place) }

    /// `vector` and the weighted sum of what `items` contribute.
    func adding(_ items: ArraySlice<Int32>, weights: [Float], to vector: UserVector) -> UserVector {
        adding(zip(items, weights).map { ($0, $1) }, to: vector)
    }

    /// The same but for what items add to the logits of others directly.
    var withoutNeighbours: HistoryTable {
        HistoryTable(weight: weight, recency: recency, evidence: evidence, gmf: gmf, mlp: mlp, bias: bias)
    }

    /// The terms that `items`, each there once and oldest first, contribute at the end of a history.
    private func terms(_ items: [HistoryItem]) -> [Term] {
        items.enumerated().map { ($1.item, weight(of: $1, at: items.count - 1 - $0)) }
    }

    private typealias Term = (item: Int32, weight: Float)

    private func adding(_ terms: [Term], to vector: UserVector) -> UserVector {
        var sum = vector
        for (item, weight) in terms where weight != 0 { add(item, weight, to: &sum) }
        if let neighbours { sum.related = neighbours.adding(terms, to: sum.related) }
        return sum
    }

    /// Adds to the scores of all items what a history adds to the logits of its items' neighbours.
    @unsafe
    func addRelated(to history: [HistoryItem], _ scores: UnsafeMutablePointer<Float>) {
        if let neighbours { unsafe neighbours.add(terms(history), to: scores) }
    }

    /// What a history adds to the logit of one item.
    func related(to item: Int, by history: [HistoryItem]) -> Float {
        guard let neighbours else { return 0 }
        return terms(history).reduce(0) {
            $1.weight == 0 ? $0 : $0 + $1.weight * neighbours.weight(of: Int($1.item), for: item)
        }
    }

    /// What a history adds to the logits of its items' neighbours.
    func related(to history: [HistoryItem]) -> RelatedScores {
        neighbours?.adding(terms(history), to: .none) ?? .none
    }

    /// `vector` with `items`, each there once and oldest first, at the end of its history as well.
    ///
    /// - Parameter known: The history that is there, oldest first: its items move away from the end. Not looked at where the order
    ///   means nothing.
    func adding(_ items: [HistoryItem], to vector: UserVector, after known: [HistoryItem] = []) -> UserVector {
        var terms = terms(items)
        if recency.isOn, !items.isEmpty {
            terms += known.enumerated().map { index, item in
                let place = known.count - 1 - index
                return (item.item, weight(of: item, at: place + items.count) - weight(of: item, at: place))
            }
        }
        return adding(terms, to: vector)
    }

    /// `vector` without `items`, which are in its history `known`, given oldest first; the others stay in their places. Not looked at
    /// where the order means nothing.
    func removing(_ items: [HistoryItem], from vector: UserVector, in known: [HistoryItem] = []) -> UserVector {
        adding(items.map { ($0.item, -weight(of: $0, in: known)) }, to: vector)
    }

    /// What an item counts in the history `known`, given oldest first.
    func weight(of item: HistoryItem, in known: [HistoryItem]) -> Float {
        let index = recency.isOn ? known.lastIndex { $0.item == item.item } : nil
        return weight(of: item, at: index.map { known.count - 1 - $0 } ?? 0)
    }

    /// `vector` with the history `new` in the place of `old`, both oldest first.
    func replacing(_ old: [HistoryItem], by new: [HistoryItem], in vector: UserVector) -> UserVector {
        adding(terms(old).map { ($0.item, -$0.weight) } + terms(new), to: vector)
    }

    private func add(_ item: Int32, _ weight: Float, to sum: inout UserVector) {
        Self.add(gmf, Int(item), weight, to: &sum.gmf)
        Self.add(mlp, Int(item), weight, to: &sum.mlp)
        if bias.count > 0 { sum.bias += weight * bias[Int(item)] }
    }

    private static func add(_ rows: FrozenArray<Float>, _ item: Int, _ weight: Float, to sum: inout [Float]) {
        let width = sum.count
        guard rows.count > 0 else { return }
        precondition(item >= 0 && (item + 1) * width <= rows.count, "an item index out of bounds")
        unsafe rows.withUnsafeBufferPointer { rows in
            for k in 0..<width { unsafe sum[k] += weight * rows[item * width + k] }
        }
    }
}
