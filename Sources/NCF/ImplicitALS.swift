/// Matrix factorisation of implicit feedback in closed form: alternating least squares (Hu et al. 2008) with the objective
/// and the regularisation by frequency of Rendle et al. 2021,
///
///     Σ_{(u,i) observed} w_ui (1 − p_u · q_i)² + α Σ_{all u, i} (p_u · q_i)²
///         + Σ_{(u,i) disliked} |w_ui| (p_u · q_i)² + λ (Σ_u (n_u + α I) |p_u|² + Σ_i (n_i + α U) |q_i|²)
///
/// Every sweep solves all users with the items fixed, then all items with the users fixed, each exactly (Cholesky), in the
/// basis in which the sum over all pairs is diagonal (``FactorBasis``): a row of n interactions is then a system of
/// min(n, d) unknowns. A sweep costs O(Σ_rows n · d · min(n, d) + (U + I) · d² + d³); memory beside the factors
/// O(interactions + d² · threads). A row is solved by one thread, so the result does not depend on their number.
struct ImplicitALS {
    let dataset: InteractionDataset
    let settings: ClosedFormStart
    let seed: UInt64
    let loop: ParallelLoop
    private let usersOfItems: TransposedInteractions

    /// Which items each user interacted with is read from `dataset`; `loop` says on how many threads.
    init(dataset: InteractionDataset, settings: ClosedFormStart, seed: UInt64, loop: ParallelLoop) {
        self.dataset = dataset
        self.settings = settings
        self.seed = seed
        self.loop = loop
        usersOfItems = TransposedInteractions(dataset)
    }

    /// Factors of `dimension` elements for every user and item, or nil where `isCancelled` said so between two halves of a sweep.
    ///
    /// Users and items without interactions get zeros.
    func factors(dimension: Int, isCancelled: () -> Bool) -> ImplicitFactors? {
        let users = AlignedBuffer<Float>(count: dataset.userCount * dimension, repeating: 0)
        let items = AlignedBuffer<Float>(count: dataset.itemCount * dimension, repeating: 0)
        var random = SplitMix64(seed: seed, 6, dimension)
        let deviation = 0.1 / Double(dimension).squareRoot()
        for index in 0..<items.count { items[index] = Float(deviation * random.nextNormal()) }

        let scratch = (0..<loop.threads).map { _ in ALSWorkspace(dimension: dimension) }
        let byUser = ObservedRows(
            offsets: dataset.userOffsets, columns: dataset.items, weights: dataset.weights,
            otherCount: dataset.itemCount)
        let byItem = ObservedRows(
            offsets: usersOfItems.offsets, columns: usersOfItems.users, weights: usersOfItems.weights,
            otherCount: dataset.userCount)
        for _ in 0..<settings.sweeps {
            if isCancelled() { return nil }
            solve(byUser, into: users, given: items, dimension, scratch)
            if isCancelled() { return nil }
            solve(byItem, into: items, given: users, dimension, scratch)
        }
        return ImplicitFactors(dimension: dimension, users: users, items: items)
    }

    /// Solves the items that have features once more, penalising their distance from `expected` rather than from 0: the fewer
    /// interactions one has, the more it is what its features say.
    ///
    /// Turns all of it, `expected` too, to another basis; products between rows stay what they are.
    func draw(_ factors: ImplicitFactors, to expected: (members: [Int], rows: AlignedBuffer<Float>)) {
        let dimension = factors.dimension
        guard
            let basis = FactorBasis(
                of: factors.users, count: dataset.userCount, dimension, scale: settings.unobservedWeight, loop: loop)
        else { return }
        for rows in [factors.users, factors.items, expected.rows] { basis.turn(rows, loop: loop) }
        let scratch = (0..<loop.threads).map { _ in ALSWorkspace(dimension: dimension) }
        let members = expected.members
        loop.run(tasks: (members.count + Self.rowsPerTask - 1) / Self.rowsPerTask) { worker, task in
            for place in task * Self.rowsPerTask..<min(members.count, (task + 1) * Self.rowsPerTask) {
                let item = members[place]
                let observed = usersOfItems.offsets[item]..<usersOfItems.offsets[item + 1]
                let workspace = scratch[worker]
                workspace.begin(
                    unobserved: basis.values, penalty: penalty(observed: observed.count, of: dataset.userCount))
                workspace.draw(to: expected.rows, at: place * dimension)
                workspace.solve(
                    usersOfItems.users[observed], weights: usersOfItems.weights[observed], of: factors.users,
                    into: factors.items, at: item * dimension)
            }
        }
    }

    /// How many users an item has.
    func interactionCount(ofItem item: Int) -> Int { usersOfItems.offsets[item + 1] - usersOfItems.offsets[item] }

    private func penalty(observed: Int, of others: Int) -> Float {
        Float(settings.regularization * (Double(observed) + settings.unobservedWeight * Double(others)))
    }

    /// Who or what is solved for: its rows' observed columns, in compressed sparse rows.
    private struct ObservedRows {
        var offsets: [Int]
        var columns: [Int32]
        var weights: [Float]
        /// How many columns there are, observed or not.
        var otherCount: Int
        var count: Int { offsets.count - 1 }
    }

    private static let rowsPerTask = 32

    /// Turns `others` to the basis that suits them, in which the rows are then solved.
    private func solve(
        _ rows: ObservedRows, into factors: AlignedBuffer<Float>, given others: AlignedBuffer<Float>, _ dimension: Int,
        _ scratch: [ALSWorkspace]
    ) {
        // Of numbers that have no basis (infinite ones) nothing can be solved: the rows stay as they were.
        guard
            let basis = FactorBasis(
                of: others, count: rows.otherCount, dimension, scale: settings.unobservedWeight, loop: loop)
        else { return }
        basis.turn(others, loop: loop)
        loop.run(tasks: (rows.count + Self.rowsPerTask - 1) / Self.rowsPerTask) { worker, task in
            let workspace = scratch[worker]
            for row in task * Self.rowsPerTask..<min(rows.count, (task + 1) * Self.rowsPerTask) {
                let observed = rows.offsets[row]..<rows.offsets[row + 1]
                guard !observed.isEmpty else {
                    unsafe (factors.base + row * dimension).update(repeating: 0, count: dimension)
                    continue
                }
                workspace.begin(
                    unobserved: basis.values, penalty: penalty(observed: observed.count, of: rows.otherCount))
                workspace.solve(
                    rows.columns[observed], weights: rows.weights[observed], of: others, into: factors,
                    at: row * dimension)
            }
        }
    }
}

/// What ``ImplicitALS`` found: p_u · q_i estimates whether u interacts with i, near 1 for yes and 0 for no.
struct ImplicitFactors {
    let dimension: Int
    /// Users × dimension, row-major.
    let users: AlignedBuffer<Float>
    /// Items × dimension, row-major.
    let items: AlignedBuffer<Float>

    /// p_u · q_i.
    func score(user: Int, item: Int) -> Float {
        var sum: Float = 0
        for k in 0..<dimension { sum += users[user * dimension + k] * items[item * dimension + k] }
        return sum
    }
}
