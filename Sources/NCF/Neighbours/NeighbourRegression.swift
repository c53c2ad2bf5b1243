/// Which few items tell of each item who takes it, in closed form: the regression of every item on its nearest neighbours alone
/// (SLIM of a chosen few, Ning and Karypis 2011; by least squares).
///
/// With G_ij how often i and j were met in one history, each user weighted by one over the root of the history's length, the
/// neighbours N of an item i are the K of the greatest cosine G_ij / √(G_ii G_jj), and what they speak for i is
///
///     b = (G_NN + λ I)⁻¹ C_Ni
///
/// C being G, or where histories have an order, how often i came after each of them and, by a share, before (``HistoryOrder``).
/// So every item of a catalogue of any size has its own equations, where one regression of all on all (``ItemItemRegression``)
/// takes thousands; of items that go together in small groups, which no low rank holds, it says more. Of a large catalogue G is kept in
/// part (``ItemMeetings``).
///
/// Time O(Σ n_u² + I K³), memory O(I K + the entries of G that are kept). An item is solved by one thread: the same numbers for any number of them.
struct NeighbourRegression {
    private static let itemsPerTask = 32
    private static let tasksAtOnce = 32
    /// How often a system that single precision cannot solve is tried again, with ten times the penalty.
    private static let greatestRetries = 4

    /// Without dislikes.
    let dataset: InteractionDataset
    /// K.
    let neighbours: Int
    /// λ.
    let penalty: Float
    /// Nil where histories are sets.
    var order: HistoryOrder?
    /// What the items of histories count.
    var evidence = HistoryEvidence.none
    /// What the items are beside their IDs; nil where nothing is known.
    var features: ItemFeatures?
    /// How often what that says counts as seen; see ``FeatureCohesion``.
    var featureWeight = 0.0
    /// How many entries of G are kept, about; nil for all of a catalogue of thousands.
    var entriesKept: Int?
    let loop: ParallelLoop

    /// B by the items that are spoken for: of each its neighbours, ascending, and their weights.
    struct Columns: Sendable {
        /// Where each item's begin; one more than there are items.
        fileprivate(set) var offsets = [0]
        fileprivate(set) var items: [Int32] = []
        fileprivate(set) var weights: [Float] = []

        /// Where the neighbours of `item` lie.
        func entries(of item: Int) -> Range<Int> { offsets[item]..<offsets[item + 1] }
    }

    /// What was found; nil where `isCancelled` said so between two steps.
    func columns(isCancelled: () -> Bool) -> Columns? {
        var told: (cohesion: FeatureCohesion, weight: Double)?
        if featureWeight > 0, let features {
            let all = ItemSelection(everythingIn: dataset)
            told = FeatureCohesion(of: features, among: all, loop: loop).map { ($0, featureWeight) }
        }
        let meetings = ItemMeetings(
            of: dataset, weights: ItemItemRegression.userWeights(of: dataset), order, evidence, told: told,
            nearest: neighbours, keeping: entriesKept, loop: loop, isCancelled: isCancelled)
        guard let meetings else { return nil }
        let count = dataset.itemCount
        let places = (0..<loop.threads).map { _ in AlignedBuffer<Int32>(count: max(1, count), repeating: -1) }
        let found = loop.blocks(
            of: Self.itemsPerTask, below: count, piece: Self.tasksAtOnce, isCancelled: isCancelled
        ) { worker, items in items.map { solve($0, meetings, places[worker]) } }
        guard let found else { return nil }
        var columns = Columns()
        for solved in found.joined() {
            columns.items += solved.items
            columns.weights += solved.weights
            columns.offsets.append(columns.items.count)
        }
        return columns
    }

    private typealias Solved = (items: [Int32], weights: [Float])

    /// - Parameter places: −1 for every item, before and after.
    private func solve(_ item: Int, _ meetings: ItemMeetings, _ places: AlignedBuffer<Int32>) -> Solved {
        let nearest = meetings.nearest(to: item)
        let size = nearest.count
        guard size > 0 else { return ([], []) }
        let gram = meetings.gram(of: nearest, places)
        var penalty = penalty
        for _ in 0...Self.greatestRetries {
            var (matrix, solution) = (gram, nearest.map(\.told))
            for row in 0..<size { matrix[row * (size + 1)] += penalty }
            if unsafe Kernels.solve(size: size, matrix: &matrix, rightSide: &solution),
                solution.allSatisfy(\.isFinite)
            {
                return (nearest.map(\.item), solution)
            }
            penalty *= 10
        }
        return ([], [])
    }
}

extension NeighbourRegression.Columns {
    /// The same by the items that speak, every weight times `factor`.
    func table(itemCount: Int, times factor: Float) -> NeighbourTable {
        var starts = [UInt64](repeating: 0, count: itemCount + 1)
        for speaker in items { starts[Int(speaker) + 1] += 1 }
        for item in 0..<itemCount { starts[item + 1] += starts[item] }
        var next = starts
        var spoken = [Int32](repeating: 0, count: items.count)
        var scaled = [Float](repeating: 0, count: items.count)
        for item in 0..<itemCount {
            for entry in entries(of: item) {
                let place = Int(next[Int(items[entry])])
                spoken[place] = Int32(item)
                scaled[place] = factor * weights[entry]
                next[Int(items[entry])] += 1
            }
        }
        return NeighbourTable(
            offsets: FrozenArray(starts), items: FrozenArray(spoken), weights: FrozenArray(scaled))
    }
}
