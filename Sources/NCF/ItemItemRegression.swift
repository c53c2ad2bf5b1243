import CKernels

/// How items go together, in closed form: the regression of every item on all others (EASE, Steck 2019), each user's
/// equation weighted by one over the root of its history's length, and the result brought to a low rank.
///
/// With X the interactions, n_u the length of a history, G = Xᵀ diag(n_u)^-½ X scaled to Σ n_u, and P = (G + λ I)⁻¹,
/// the unconstrained rank is B = I − P diag(P)⁻¹, whose diagonal is 0: an item does not predict itself. Of B the best rank-r
/// approximation in the metric of G (reduced-rank regression) is (B V) Vᵀ, V being the r leading eigenvectors of Bᵀ G B,
/// found by block Lanczos (``EigenSubspace``). Users with long histories would else decide alone; the low rank smooths besides.
///
/// Time O(Σ n_u² + m³ + m² r), memory m² (with an order twice that) + m r for the m items that are looked at: ``itemLimit`` at most, the most
/// popular. The others get zeros. The same numbers for any number of threads.
struct ItemItemRegression {
    /// Items beyond which only the most popular are regressed on each other: 150 MB, and a few seconds.
    static let itemLimit = 6144
    /// Vectors beyond the rank: the last ones of a Krylov space say little.
    static let surplus = 128
    private static let blocks = 8

    let dataset: InteractionDataset
    let regularization: Double
    /// Nil where histories are sets.
    var order: HistoryOrder?
    /// What the items of histories count in X.
    var evidence = HistoryEvidence.none
    /// What the items are beside their IDs; nil where nothing is known.
    var features: ItemFeatures?
    /// How often what that says counts as seen; see ``FeatureCohesion``.
    var featureWeight = 0.0
    let seed: UInt64
    let loop: ParallelLoop

    /// Factors with remembered_j · recommended_i ≈ B_ji, or nil where `isCancelled` said so between two steps. All zero where
    /// the numbers leave no solution.
    func factors(rank: Int, isCancelled: () -> Bool) -> ItemItemFactors? {
        let selection = ItemSelection(dataset, limit: Self.itemLimit)
        let size = selection.items.count
        let none = ItemItemFactors(itemCount: dataset.itemCount, rank: rank)
        let matrix = relation(of: selection, isCancelled)
        if isCancelled() { return nil }
        guard size > 0 else { return none }
        guard let isSolved = matrix.solve(penalty: Float(regularization), isCancelled: isCancelled) else { return nil }
        guard isSolved else { return none }
        let count = min(size, rank + Self.surplus)
        let subspace = EigenSubspace(
            size: size, count: count, blockWidth: (count + Self.blocks - 1) / Self.blocks, seed: seed)
        let images = subspace.spanPowers(isCancelled: isCancelled) { vectors, count in
            matrix.relationGram(of: vectors, count: count)
        }
        guard let images else { return nil }
        guard subspace.turnToEigenvectors(images: images) else { return none }
        let found = min(rank, count)
        return ItemItemFactors(
            itemCount: dataset.itemCount, rank: rank, items: selection.items,
            remembered: matrix.relation(of: subspace.vectors, count: found), recommended: subspace.vectors,
            count: found)
    }

    /// What is yet to be solved.
    private func relation(of selection: ItemSelection, _ isCancelled: () -> Bool) -> any ItemRelation {
        let size = selection.items.count
        guard let order else {
            let matrix = SymmetricPair(size: size, loop: loop)
            addGram(selection, to: matrix)
            addFeatures(selection, to: matrix.elements, isOrdered: false, isCancelled)
            return matrix
        }
        let matrix = OrderedPair(size: size, backward: order.backward, loop: loop)
        OrderedHistories(of: dataset, selection, evidence)
            .addFollowing(order, weights: Self.userWeights(of: dataset), to: matrix.following, loop: loop)
        addFeatures(selection, to: matrix.following, isOrdered: true, isCancelled)
        return matrix
    }

    private func addFeatures(
        _ selection: ItemSelection, to matrix: AlignedBuffer<Float>, isOrdered: Bool, _ isCancelled: () -> Bool
    ) {
        guard featureWeight > 0, let features else { return }
        FeatureCohesion(of: features, among: selection, loop: loop)?
            .add(weight: featureWeight, to: matrix, isOrdered: isOrdered, isCancelled: isCancelled)
    }

    /// Σ n_u shared out by the roots of histories' lengths, to each of a history's equations alike.
    static func userWeights(of dataset: InteractionDataset) -> [Float] {
        let lengths = (0..<dataset.userCount).map { Double(dataset.interactions(of: $0).count) }
        let total = lengths.reduce(0, +)
        let weighted = lengths.reduce(0) { $0 + $1.squareRoot() }
        return lengths.map { Float(total / max(weighted, 1) / max($0, 1).squareRoot()) }
    }

    /// G into the upper triangle.
    private func addGram(_ selection: ItemSelection, to matrix: SymmetricPair) {
        let usersOfItems = TransposedInteractions(dataset)
        let weights = Self.userWeights(of: dataset)
        let histories = SortedHistories(of: dataset, selection, usersOfItems, evidence)
        let count = selection.items.count
        loop.run(tasks: count) { _, place in
            let item = selection.items[place]
            let row = unsafe matrix.elements.base + place * count
            unsafe histories.columns.withUnsafeBufferPointer { columns in
                guard let columns = columns.baseAddress else { return }
                for index in usersOfItems.offsets[item]..<usersOfItems.offsets[item + 1] {
                    let user = Int(usersOfItems.users[index])
                    let first = Int(histories.firsts[index])
                    let count = Int32(histories.ends[user] - first)
                    unsafe histories.factors.withUnsafeBufferPointer { factors in
                        guard evidence.isOn, let factors = factors.baseAddress else {
                            unsafe nectar_add_at(row, weights[user], columns + first, count)
                            return
                        }
                        unsafe nectar_add_scaled_at(
                            row, weights[user] * factors[first], columns + first, factors + first, count)
                    }
                }
            }
        }
    }
}

/// Each user's selected items, ascending, of which an item's row of G takes those from the diagonal on.
private struct SortedHistories {
    /// Places of items, user after user.
    private(set) var columns: [Int32]
    /// What each counts; empty where all count alike.
    private(set) var factors: [Float]
    /// Where each user's end.
    private(set) var ends: [Int]
    /// For each of the interactions by item, where its own item stands.
    private(set) var firsts: [Int32]

    /// O(interactions): items that are gone through in ascending order are put down in ascending order.
    init(
        of dataset: InteractionDataset, _ selection: ItemSelection, _ usersOfItems: TransposedInteractions,
        _ evidence: HistoryEvidence
    ) {
        var starts = [Int](repeating: 0, count: dataset.userCount + 1)
        for user in 0..<dataset.userCount {
            let selected = dataset.items(of: user).reduce(0) { $0 + (selection.places[Int($1)] >= 0 ? 1 : 0) }
            starts[user + 1] = starts[user] + selected
        }
        ends = Array(starts.dropLast())
        columns = Array(repeating: 0, count: starts[dataset.userCount])
        factors = evidence.isOn ? Array(repeating: 1, count: columns.count) : []
        firsts = Array(repeating: 0, count: usersOfItems.users.count)
        for (place, item) in selection.items.enumerated() {
            for index in usersOfItems.offsets[item]..<usersOfItems.offsets[item + 1] {
                let user = Int(usersOfItems.users[index])
                columns[ends[user]] = Int32(place)
                if evidence.isOn { factors[ends[user]] = evidence.factor(of: usersOfItems.weights[index]) }
                firsts[index] = Int32(ends[user])
                ends[user] += 1
            }
        }
    }
}

/// What ``ItemItemRegression`` found: remembered_j · recommended_i says how far j in a history speaks for i.
struct ItemItemFactors {
    let rank: Int
    /// Items × rank, row-major: what an item in a history contributes.
    private(set) var remembered: [Float]
    /// Items × rank, row-major: what an item is recommended by.
    private(set) var recommended: [Float]

    /// All zero.
    init(itemCount: Int, rank: Int) {
        self.rank = rank
        remembered = Array(repeating: 0, count: itemCount * rank)
        recommended = remembered
    }

    /// Multiplies what each item is recommended by.
    mutating func scaleRecommended(by factors: [Float]) {
        for index in recommended.indices { recommended[index] *= factors[index / rank] }
    }

    /// Takes the first `count` ≤ rank of some vectors over `items`, each a row of as many elements.
    init(
        itemCount: Int, rank: Int, items: [Int], remembered: AlignedBuffer<Float>, recommended: AlignedBuffer<Float>,
        count: Int
    ) {
        self.init(itemCount: itemCount, rank: rank)
        for (place, item) in items.enumerated() {
            for k in 0..<count {
                self.remembered[item * rank + k] = remembered[k * items.count + place]
                self.recommended[item * rank + k] = recommended[k * items.count + place]
            }
        }
    }
}

/// The items that are regressed on each other.
struct ItemSelection {
    /// Ascending.
    var items: [Int]
    /// Where each item of the catalogue stands among them; −1 for none.
    var places: [Int32]

    /// Every item of `dataset`, also those that nobody took.
    init(everythingIn dataset: InteractionDataset) {
        items = Array(0..<dataset.itemCount)
        places = items.map(Int32.init)
    }

    init(_ dataset: InteractionDataset, limit: Int) {
        var counts = [Int](repeating: 0, count: dataset.itemCount)
        for item in dataset.items { counts[Int(item)] += 1 }
        let present = counts.indices.filter { counts[$0] > 0 }
        let popular = present.sorted { (counts[$0], $1) > (counts[$1], $0) }.prefix(limit)
        items = popular.sorted()
        places = Array(repeating: -1, count: dataset.itemCount)
        for (place, item) in items.enumerated() { places[item] = Int32(place) }
    }
}
