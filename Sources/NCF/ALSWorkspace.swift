/// One thread's scratch for the normal equations of one row, in a basis in which what all pairs add is a diagonal D:
///
///     (D + Vᵀ V) x = Vᵀ t + D₀ c
///
/// with a row √|w| q of V for each observed q, t = √w where it was liked and 0 where disliked, and c what the row is drawn to
/// with the penalty's weight D₀. With fewer rows in V than unknowns it is solved for as many as there are rows (Woodbury 1950):
/// x = D⁻¹ (Vᵀ z + D₀ c) with (I + V D⁻¹ Vᵀ) z = t − V D⁻¹ D₀ c.
@safe
// Unchecked: a worker of the parallel loop is one thread at a time.
final class ALSWorkspace: @unchecked Sendable {
    /// Observed rows gathered for one product: as many as stay in the cache beside the matrix.
    private static let rowsPerProduct = 256
    /// Below this share of the greatest element the diagonal is not divided by.
    private static let leastShare: Float = 1e-6

    private let dimension: Int
    private let matrix: AlignedBuffer<Float>
    private let diagonal: AlignedBuffer<Float>
    private let rightSide: AlignedBuffer<Float>
    private let targets: AlignedBuffer<Float>
    private let gathered: AlignedBuffer<Float>
    private var penalty: Float = 0
    private var isDrawn = false

    init(dimension: Int) {
        self.dimension = dimension
        matrix = AlignedBuffer(count: dimension * dimension, repeating: 0)
        diagonal = AlignedBuffer(count: dimension, repeating: 0)
        rightSide = AlignedBuffer(count: dimension, repeating: 0)
        let rows = max(dimension, Self.rowsPerProduct)
        targets = AlignedBuffer(count: rows, repeating: 0)
        gathered = AlignedBuffer(count: rows * dimension, repeating: 0)
    }

    /// D = `unobserved` + `penalty`, c = 0.
    func begin(unobserved: AlignedBuffer<Float>, penalty: Float) {
        for k in 0..<dimension { diagonal[k] = unobserved[k] + penalty }
        rightSide.fill(0)
        self.penalty = penalty
        isDrawn = false
    }

    /// c = the row of `rows` that begins at `start`: the penalty is then on the distance from it.
    func draw(to rows: AlignedBuffer<Float>, at start: Int) {
        for k in 0..<dimension { rightSide[k] = penalty * rows[start + k] }
        isDrawn = true
    }

    /// Solves for the row that has `columns` of `others` with `weights`, those below 0 being dislikes, and stores it in `factors` from
    /// `start` on; where there is no solution, nothing.
    func solve(
        _ columns: ArraySlice<Int32>, weights: ArraySlice<Float>, of others: AlignedBuffer<Float>,
        into factors: AlignedBuffer<Float>, at start: Int
    ) {
        let isDivisible = diagonal[0] > Self.leastShare * diagonal[dimension - 1]
        let isSolved =
            columns.count < dimension && isDivisible
            ? solveForRows(columns, weights, others) : solveForElements(columns, weights, others)
        guard isSolved else { return }
        precondition(start >= 0 && start + dimension <= factors.count)
        unsafe (factors.base + start).update(from: rightSide.base, count: dimension)
    }

    /// V's rows and t of the first `count` of `columns`.
    private func gather(
        _ count: Int, of columns: ArraySlice<Int32>, _ weights: ArraySlice<Float>, _ others: AlignedBuffer<Float>
    ) {
        for place in 0..<count {
            let weight = weights[weights.startIndex + place]
            let root = abs(weight).squareRoot()
            targets[place] = weight < 0 ? 0 : root
            let source = Int(columns[columns.startIndex + place]) * dimension
            precondition(source >= 0 && source + dimension <= others.count)
            let (from, to) = unsafe (others.base + source, gathered.base + place * dimension)
            for k in 0..<dimension { unsafe to[k] = root * from[k] }
        }
    }

    /// As many unknowns as the row has elements.
    private func solveForElements(
        _ columns: ArraySlice<Int32>, _ weights: ArraySlice<Float>, _ others: AlignedBuffer<Float>
    ) -> Bool {
        matrix.fill(0)
        for k in 0..<dimension { matrix[k * dimension + k] = diagonal[k] }
        var (columns, weights) = (columns, weights)
        while !columns.isEmpty {
            let count = min(Self.rowsPerProduct, columns.count)
            gather(count, of: columns, weights, others)
            addToRightSide(count)
            unsafe Kernels.addGram(rows: count, columns: dimension, of: gathered.base, into: matrix.base)
            (columns, weights) = (columns.dropFirst(count), weights.dropFirst(count))
        }
        return unsafe Kernels.solve(size: dimension, matrix: matrix.base, rightSide: rightSide.base)
    }

    /// As many unknowns as there are `columns`; V's rows are divided by the root of D, which leaves W with V D⁻¹ Vᵀ = W Wᵀ.
    private func solveForRows(
        _ columns: ArraySlice<Int32>, _ weights: ArraySlice<Float>, _ others: AlignedBuffer<Float>
    ) -> Bool {
        let count = columns.count
        gather(count, of: columns, weights, others)
        let (root, right) = unsafe (diagonal.base, rightSide.base)
        for k in 0..<dimension {
            unsafe root[k] = 1 / root[k].squareRoot()
            unsafe right[k] *= root[k]
        }
        for place in 0..<count {
            let row = unsafe gathered.base + place * dimension
            for k in 0..<dimension { unsafe row[k] *= root[k] }
            if isDrawn { targets[place] -= unsafe Kernels.dot(row, right, count: dimension) }
        }
        guard solveForTargets(count) else { return false }
        addToRightSide(count)
        for k in 0..<dimension { unsafe right[k] *= root[k] }
        return true
    }

    /// Replaces t by (I + W Wᵀ)⁻¹ t for the `count` rows of W that are gathered; of none there is nothing to solve.
    private func solveForTargets(_ count: Int) -> Bool {
        guard count > 0 else { return true }
        for index in 0..<count * count { matrix[index] = 0 }
        for place in 0..<count { matrix[place * count + place] = 1 }
        unsafe Kernels.addProducts(rows: count, columns: dimension, of: gathered.base, into: matrix.base)
        return unsafe Kernels.solve(size: count, matrix: matrix.base, rightSide: targets.base)
    }

    /// b += the sum of the `count` gathered rows, each times its target.
    private func addToRightSide(_ count: Int) {
        unsafe Kernels.addSum(
            rows: count, columns: dimension, of: gathered.base, weights: targets.base, into: rightSide.base)
    }
}
