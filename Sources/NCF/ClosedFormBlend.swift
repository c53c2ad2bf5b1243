import CKernels

/// A factorisation and what items say of each other, as one model: (1 − share) p_u · q_i + share Σ_j y_j · x_i over the
/// items j of u's history.
///
/// The two know different things: the factorisation few broad tastes, the relations which items go together.
struct ClosedFormBlend {
    let factors: ImplicitFactors
    /// Nil where there are no histories; then the factorisation has all of the share.
    let relations: ItemItemFactors?
    let dataset: InteractionDataset
    // Empty where all count alike.
    private let historyFactors: [Float]
    private let share: Float
    private let counting: HistoryCounting
    private let loop: ParallelLoop
    private static let usersPerTask = 128

    init(
        factors: ImplicitFactors, relations: ItemItemFactors?, history: HistoryBag, dataset: InteractionDataset,
        loop: ParallelLoop
    ) {
        self.loop = loop
        self.factors = factors
        self.relations = relations
        self.dataset = dataset
        counting = history.counting(in: dataset)
        historyFactors = relations != nil && counting.isOn ? counting.factors(of: dataset) : []
        share = relations == nil ? 0 : Float(history.share)
    }

    /// What the interaction in `place` of the dataset counts in its user's history; 0 where there are no histories.
    func historyFactor(of place: Int) -> Float {
        guard relations != nil, dataset.weights[place] > 0 else { return 0 }
        return historyFactors.isEmpty ? 1 : historyFactors[place]
    }

    /// Σ_j y_j, each by what its place counts.
    func historySum(of user: Int) -> [Float] {
        let places = dataset.interactions(of: user).filter { dataset.weights[$0] > 0 }
        return sum(of: places, places.map { historyFactor(of: $0) })
    }

    /// The sum of a history without items.
    var emptyHistorySum: [Float] { Array(repeating: 0, count: relations?.rank ?? 0) }

    /// Whether histories have an order.
    var isOrdered: Bool { relations != nil && counting.recency.isOn }

    /// Makes `sum`, that of what was there before the interaction in `place`, that of what was there after it, as places counted then.
    func advance(_ sum: inout [Float], past place: Int) {
        guard let relations, dataset.weights[place] > 0 else { return }
        let (faded, own) = (counting.recency.factor(at: 1), counting.evidence.factor(of: dataset.weights[place]))
        let start = Int(dataset.items[place]) * relations.rank
        for k in sum.indices { sum[k] = faded * sum[k] + own * relations.remembered[start + k] }
    }

    private func sum(of places: [Int], _ weights: [Float]) -> [Float] {
        guard let relations else { return [] }
        var sum = emptyHistorySum
        let items = places.map { dataset.items[$0] }
        unsafe nectar_add_rows(
            Int32(relations.rank), Int32(items.count), items, weights, relations.remembered, &sum)
        return sum
    }

    /// The score of a user with the given ``historySum(of:)``; `leftOut` is what the item counts in it, and shall not.
    func score(user: Int, historySum: [Float], item: Int, leftOut: Float = 0) -> Float {
        var related: Float = 0
        if let relations {
            let start = item * relations.rank
            for k in historySum.indices {
                let own = leftOut != 0 ? leftOut * relations.remembered[start + k] : 0
                related += (historySum[k] - own) * relations.recommended[start + k]
            }
        }
        return (1 - share) * factors.score(user: user, item: item) + share * related
    }

    /// Makes the GMF branch with h = 1 answer `slope` times the scores, and gives the MLP branch the first elements of what
    /// items say of each other, so that a user's input is its history alone; rows of users are left without their bags.
    ///
    /// The factorisation comes first, what histories add after it. Either side of a product gets elements of about one size.
    func write(to model: TrainableModel, slope: Float) {
        let root = (slope * (1 - share)).squareRoot()
        model.users.setColumns(offset: 0, width: factors.dimension, to: factors.users.array.map { root * $0 })
        model.items.setColumns(offset: 0, width: factors.dimension, to: factors.items.array.map { root * $0 })
        guard let relations, let histories = model.histories else { return }
        let sizes = relationSizes()
        let itemScale = (slope * share * sizes.user / sizes.item).squareRoot()
        write(
            relations, to: model, histories, at: factors.dimension, width: relations.rank,
            (item: itemScale, user: itemScale > 0 ? slope * share / itemScale : 0))
        guard model.users.mlp > 0 else { return }
        write(
            relations, to: model, histories, at: model.users.gmf, width: min(model.users.mlp, relations.rank),
            (item: Self.inputSize / sizes.item, user: Self.inputSize / sizes.user))
    }

    private static let inputSize: Float = 0.3

    private func write(
        _ relations: ItemItemFactors, to model: TrainableModel, _ histories: BagTable, at offset: Int, width: Int,
        _ scales: (item: Float, user: Float)
    ) {
        func columns(_ rows: [Float], _ scale: Float) -> [Float] {
            (0..<dataset.itemCount * width).map { scale * rows[$0 / width * relations.rank + $0 % width] }
        }
        let featureScale = scales.user / FeatureBags.historyWeight(of: dataset, counting: counting)
        model.users.setColumns(
            offset: offset, width: width, to: Array(repeating: 0, count: dataset.userCount * width))
        model.items.setColumns(offset: offset, width: width, to: columns(relations.recommended, scales.item))
        histories.setColumns(offset: offset, width: width, to: columns(relations.remembered, featureScale))
    }

    /// The root mean squares of the elements on either side of the relations' products.
    private func relationSizes() -> (user: Float, item: Float) {
        guard let relations else { return (1, 1) }
        func size(_ squares: Double, _ count: Int) -> Float {
            let size = Float((squares / Double(max(1, count * relations.rank))).squareRoot())
            return size > 0 ? size : 1
        }
        let sums = loop.blocks(of: Self.usersPerTask, below: dataset.userCount) { users in
            users.reduce(into: 0.0) { squares, user in
                for element in historySum(of: user) { squares += Double(element * element) }
            }
        }.reduce(0, +)
        let squares = relations.recommended.reduce(0.0) { $0 + Double($1 * $1) }
        return (size(sums, dataset.userCount), size(squares, dataset.itemCount))
    }
}
