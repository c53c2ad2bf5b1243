/// Embeddings of features in closed form: the regression of trained rows on the features of whom they belong to,
///
///     Σ_r n_r / (n_r + 10) |row_r − base − Σ_f w_rf F_f|² + λ Σ_f |F_f|²
///
/// n_r being the interactions of r: what was learned from few is known badly. λ is the one of a few by which a fifth of the
/// rows, left out, is predicted best from the rest, for each block of columns by itself; where even the best one predicts no
/// better than the mean, the features say nothing, and their embeddings are zero.
///
/// Time O(rows · F · (F + columns) + F³) for F features, less where rows have few of many; memory O(F² + F · columns). One
/// thread, and so the same numbers always.
struct FeatureRegression {
    /// Penalties that are tried, in interactions' worth of rows.
    static let penalties: [Float] = [1, 3, 10, 30, 100, 300]
    /// Interactions at which a row counts half.
    static let halfWeight: Float = 10
    /// One row in so many is left out to choose the penalty on.
    static let folds = 5
    private static let rowsPerChunk = 512

    /// The features of each row.
    let rows: [SparseFeatures]
    /// n_r.
    let counts: [Int]
    let featureCount: Int
    /// Columns of which each part has a penalty of its own.
    let blocks: [Range<Int>]
    /// What a column's error counts in the choice of the penalty.
    let columnWeights: [Float]

    private var width: Int { columnWeights.count }
    /// Features and a constant, whose sums are those of the features.
    private var columns: Int { featureCount + 1 }

    /// What was found.
    struct Fit {
        /// A row without any feature, and then F: (1 + features) × columns.
        var rows: [Float]
        /// For each block, the share of the left-out rows' variance that their features told; 0 where they said nothing.
        var explained: [Double]
    }

    /// - Parameter target: The trained row of the one with that number, in `rows`.
    /// - Returns: Nil where `isCancelled` said so, or there are fewer rows than could teach anything.
    func fit(target: (Int) -> [Float], isCancelled: () -> Bool) -> Fit? {
        guard rows.count >= 2 * Self.folds, featureCount > 0 else { return nil }
        let kept = rows.indices.filter { $0 % Self.folds != Self.folds - 1 }
        let left = rows.indices.filter { $0 % Self.folds == Self.folds - 1 }
        let sums = NormalEquations(columns: columns, width: width)
        guard add(kept, target, to: sums, isCancelled) else { return nil }
        var best = blocks.map { _ in (penalty: Float.infinity, error: Double.infinity) }
        var meanErrors = [Double](repeating: 0, count: blocks.count)
        // From no features on: a penalty has to be better than that.
        for penalty in [Float.infinity] + Self.penalties.reversed() {
            if isCancelled() { return nil }
            guard let solution = sums.solution(penalty: penalty),
                let errors = errors(of: solution, on: left, target, isCancelled)
            else { continue }
            if penalty == .infinity { meanErrors = errors }
            for (block, error) in errors.enumerated() where error < best[block].error { best[block] = (penalty, error) }
        }
        guard add(left, target, to: sums, isCancelled) else { return nil }
        var fit = Fit(rows: Array(repeating: 0, count: columns * width), explained: [])
        for (block, choice) in best.enumerated() {
            guard let solution = sums.solution(penalty: choice.penalty) else { return nil }
            solution.copy(blocks[block], to: &fit.rows)
            fit.explained.append(meanErrors[block] > 0 ? max(0, 1 - choice.error / meanErrors[block]) : 0)
        }
        return fit.rows.allSatisfy(\.isFinite) ? fit : nil
    }

    private func weight(of row: Int) -> Float { Float(counts[row]) / (Float(counts[row]) + Self.halfWeight) }

    /// Whether rows have so few features that pairs of these are sooner counted than whole rows are multiplied.
    var isSparse: Bool {
        let pairs = rows.reduce(0) { $0 + $1.indices.count * $1.indices.count }
        return Self.productAdvantage * pairs < rows.count * columns * columns
    }

    /// How many times as fast a matrix product is, for each multiplication.
    private static let productAdvantage = 16

    private func add(
        _ members: [Int], _ target: (Int) -> [Float], to sums: NormalEquations, _ isCancelled: () -> Bool
    ) -> Bool {
        guard isSparse else {
            return forEachChunk(members, target, isCancelled) { sums.add(rows: $0, $1, $2) }
        }
        for (place, row) in members.enumerated() {
            if place % Self.rowsPerChunk == 0, isCancelled() { return false }
            sums.add(rows[row], target: target(row), weight: weight(of: row))
        }
        return true
    }

    /// The weighted squared error over `members` of each block.
    private func errors(
        of solution: NormalEquations.Solution, on members: [Int], _ target: (Int) -> [Float], _ isCancelled: () -> Bool
    ) -> [Double]? {
        var errors = [Double](repeating: 0, count: blocks.count)
        func add(_ error: (Int) -> Float, weight: Float = 1) {
            for (block, range) in blocks.enumerated() {
                for k in range { errors[block] += Double(weight * columnWeights[k] * error(k) * error(k)) }
            }
        }
        guard isSparse else {
            let predicted = AlignedBuffer<Float>(count: Self.rowsPerChunk * width, repeating: 0)
            let isWhole = forEachChunk(members, target, isCancelled) { count, features, targets in
                solution.predict(rows: count, features, into: predicted)
                for row in 0..<count { add { targets[row * width + $0] - predicted[row * width + $0] } }
            }
            return isWhole ? errors : nil
        }
        var predicted = [Float](repeating: 0, count: width)
        for (place, row) in members.enumerated() {
            if place % Self.rowsPerChunk == 0, isCancelled() { return nil }
            solution.predict(rows[row], into: &predicted)
            let target = target(row)
            add({ target[$0] - predicted[$0] }, weight: weight(of: row))
        }
        return errors
    }

    /// The rows `members` in dense chunks: their features and a 1, and their targets, each times the root of its weight.
    private func forEachChunk(
        _ members: [Int], _ target: (Int) -> [Float], _ isCancelled: () -> Bool,
        _ body: (_ count: Int, _ features: AlignedBuffer<Float>, _ targets: AlignedBuffer<Float>) -> Void
    ) -> Bool {
        let features = AlignedBuffer<Float>(count: Self.rowsPerChunk * columns, repeating: 0)
        let targets = AlignedBuffer<Float>(count: Self.rowsPerChunk * width, repeating: 0)
        for first in stride(from: 0, to: members.count, by: Self.rowsPerChunk) {
            if isCancelled() { return false }
            let chunk = members[first..<min(members.count, first + Self.rowsPerChunk)]
            features.fill(0)
            for (place, row) in chunk.enumerated() {
                let root = weight(of: row).squareRoot()
                for (index, value) in zip(rows[row].indices, rows[row].weights) {
                    features[place * columns + Int(index)] = root * value
                }
                features[place * columns + featureCount] = root
                for (k, element) in target(row).enumerated() { targets[place * width + k] = root * element }
            }
            body(chunk.count, features, targets)
        }
        return true
    }
}
