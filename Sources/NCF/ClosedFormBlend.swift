import CKernels
internal import Locking

/// A factorisation and what items say of each other, as one model: (1 − share) p_u · q_i + share Σ_j ((1 − t) y_j · x_i + t B_ji) over
/// the items j of u's history, t being the share of what the neighbours of i say (``NeighbourRegression``).
///
/// The two know different things: the factorisation few broad tastes, the relations which items go together.
struct ClosedFormBlend {
    let factors: ImplicitFactors
    /// Nil where there are no histories; then the factorisation has all of the share.
    let relations: ItemItemFactors?
    /// What the nearest items say of each; nil where that is not asked.
    let neighbours: NeighbourRegression.Columns?
    let dataset: InteractionDataset
    // Empty where all count alike.
    private let historyFactors: [Float]
    // What the factorisation has no part in, and of that the relations' and the neighbours' shares.
    private let share: Float
    private let shares: (relations: Float, neighbours: Float)
    private let counting: HistoryCounting
    private let loop: ParallelLoop
    private static let usersPerTask = 128

    init(
        factors: ImplicitFactors, relations: ItemItemFactors?, neighbours: NeighbourRegression.Columns? = nil,
        history: HistoryBag, dataset: InteractionDataset, loop: ParallelLoop
    ) {
        self.loop = loop
        self.factors = factors
        self.relations = relations
        self.neighbours = neighbours
        self.dataset = dataset
        counting = history.counting(in: dataset)
        let isOn = relations != nil || neighbours != nil
        historyFactors = isOn && counting.isOn ? counting.factors(of: dataset) : []
        share = isOn ? Float(history.share) : 0
        let own: Float = neighbours == nil ? 0 : relations == nil ? 1 : Float(history.neighbourShare)
        shares = (share * (1 - own), share * own)
    }

    /// What the interaction in `place` of the dataset counts in its user's history; 0 where there are no histories.
    func historyFactor(of place: Int) -> Float {
        guard share > 0, dataset.weights[place] > 0 else { return 0 }
        return historyFactors.isEmpty ? 1 : historyFactors[place]
    }

    /// A history, or as much of it as had been at some moment, as its items' relations and neighbours are told by it.
    struct History {
        /// Σ_j y_j, each by what its place counted then.
        fileprivate var sum: [Float]
        /// How many of ``items`` there had been.
        fileprivate var count: Int
        /// Where all of the user's interactions lie that have a place in it, oldest first.
        fileprivate let places: [Int]
        /// All of the user's, by rising index, each with its place from the beginning and what it counts by its interaction.
        fileprivate let items: [(item: Int32, place: Int, own: Float)]
    }

    /// All of a user's history.
    func history(of user: Int) -> History {
        let places = places(of: user)
        return History(sum: sum(of: places), count: places.count, places: places, items: items(at: places))
    }

    /// The same before any of it had happened.
    func beginning(of user: Int) -> History {
        let places = places(of: user)
        return History(
            sum: Array(repeating: 0, count: relations?.rank ?? 0), count: 0, places: places, items: items(at: places))
    }

    /// The interactions of a history.
    private func places(of user: Int) -> [Int] { dataset.interactions(of: user).filter { dataset.weights[$0] > 0 } }

    private func items(at places: [Int]) -> [(item: Int32, place: Int, own: Float)] {
        guard neighbours != nil else { return [] }
        return places.enumerated()
            .map { (dataset.items[$1], $0, counting.evidence.factor(of: dataset.weights[$1])) }
            .sorted { $0.item < $1.item }
    }

    /// Whether histories have an order.
    var isOrdered: Bool { share > 0 && counting.recency.isOn }

    /// Makes a history as it was before the interaction in `place` what it was after it, as places counted then.
    func advance(_ history: inout History, past place: Int) {
        guard dataset.weights[place] > 0 else { return }
        history.count += 1
        guard relations != nil else { return }
        let (recency, faded) = (counting.recency, counting.recency.fading(over: 1))
        for k in history.sum.indices { history.sum[k] *= faded }
        add(place, times: 1, to: &history.sum)
        guard recency.length > 0, history.count > recency.length else { return }
        // The oldest that still counted does no more.
        let left = history.places[history.count - 1 - recency.length]
        add(left, times: -recency.fading(over: recency.length), to: &history.sum)
    }

    /// Adds what the interaction in `place` counts, but for its place in a history, so many times.
    private func add(_ place: Int, times factor: Float, to sum: inout [Float]) {
        guard let relations else { return }
        let weight = factor * counting.evidence.factor(of: dataset.weights[place])
        let start = Int(dataset.items[place]) * relations.rank
        for k in sum.indices { sum[k] += weight * relations.remembered[start + k] }
    }

    private func sum(of places: [Int]) -> [Float] {
        guard let relations else { return [] }
        var sum = [Float](repeating: 0, count: relations.rank)
        let (items, weights) = (places.map { dataset.items[$0] }, places.map { historyFactor(of: $0) })
        unsafe nectar_add_rows(
            Int32(relations.rank), Int32(items.count), items, weights, relations.remembered, &sum)
        return sum
    }

    /// The score of a user with the given history; `leftOut` is what the item counts in it, and shall not.
    func score(user: Int, _ history: History, item: Int, leftOut: Float = 0) -> Float {
        var related: Float = 0
        if let relations {
            let start = item * relations.rank
            for k in history.sum.indices {
                let own = leftOut != 0 ? leftOut * relations.remembered[start + k] : 0
                related += (history.sum[k] - own) * relations.recommended[start + k]
            }
        }
        return (1 - share) * factors.score(user: user, item: item) + shares.relations * related
            + shares.neighbours * told(of: item, by: history)
    }

    /// Σ_j B_ji over what had been in the history, each by its place; no item is its own neighbour.
    private func told(of item: Int, by history: History) -> Float {
        guard let neighbours else { return 0 }
        var (sum, next) = (Float(0), 0)
        for entry in neighbours.entries(of: item) {
            let speaker = neighbours.items[entry]
            next = (next..<history.items.count).partitionPoint { history.items[$0].item < speaker }
            guard next < history.items.count else { break }
            let found = history.items[next]
            guard found.item == speaker, found.place < history.count else { continue }
            sum +=
                neighbours.weights[entry] * found.own
                * counting.recency.factor(at: history.count - 1 - found.place)
        }
        return sum
    }

    /// Makes the GMF branch with h = 1 answer `slope` times the scores, and gives the MLP branch the first elements of what
    /// items say of each other, so that a user's input is its history alone; rows of users are left without their bags.
    ///
    /// The factorisation comes first, what histories add after it. Either side of a product gets elements of about one size.
    func write(to model: TrainableModel, slope: Float) {
        let root = (slope * (1 - share)).squareRoot()
        model.users.setColumns(offset: 0, width: factors.dimension, to: factors.users.array.map { root * $0 })
        model.items.setColumns(offset: 0, width: factors.dimension, to: factors.items.array.map { root * $0 })
        if let neighbours {
            let table = neighbours.table(itemCount: dataset.itemCount, times: slope * shares.neighbours)
            model.neighbours.withLock { $0 = (table, counting) }
        }
        guard let relations, let histories = model.histories else { return }
        let sizes = relationSizes()
        let itemScale = (slope * shares.relations * sizes.user / sizes.item).squareRoot()
        write(
            relations, to: model, histories, at: factors.dimension, width: relations.rank,
            (item: itemScale, user: itemScale > 0 ? slope * shares.relations / itemScale : 0))
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
                for element in sum(of: places(of: user)) { squares += Double(element * element) }
            }
        }.reduce(0, +)
        let squares = relations.recommended.reduce(0.0) { $0 + Double($1 * $1) }
        return (size(sums, dataset.userCount), size(squares, dataset.itemCount))
    }
}
