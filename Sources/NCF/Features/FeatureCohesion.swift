/// How much oftener than by chance items that share a feature are met in one history, as pairs of items that the regression of
/// items on each other (``ItemItemRegression``) takes for seen.
///
/// Where histories are short, most pairs of items were never met, and what two items are says more of them than what was counted.
/// Features are taken into the Gram matrix as users that like all items with the feature (Jeunen et al. 2020, collective EASE), each
/// for what it is worth in the data: with G_ij how often i and j were met, g_i = Σ_j G_ij and g = Σ_i g_i, a feature with the weights
/// x_i (1 where an item has a label) has the excess
///
///     e = Σ_{i≠j} x_i x_j (G_ij − g_i g_j / g)
///
/// over pairs that meet by their frequency alone, the modularity of its items (Newman 2006), and adds κ e_+ v vᵀ, whose elements sum
/// to κ e for a label: v_i = x_i √g_i / Σ_j x_j² √g_j. A feature of which few pairs were to be expected is taken for one like the others
/// of its field: its e as a share of those is drawn to theirs, as if ``fieldPairs`` more pairs had been expected.
///
/// Time O(F m²) for F features and m items, memory O(m · ``chunk``). The same numbers for any number of threads.
struct FeatureCohesion {
    /// Features that are multiplied at once.
    static let chunk = 256
    /// Expected pairs that what is known of a whole field counts in what is said of one of its features.
    private static let fieldPairs = 30.0
    /// Items of which one task takes the columns, whatever the number of threads.
    private static let itemsPerTask = 256

    /// Features of the vocabulary that one property tells, side by side.
    private let fields: [Range<Int>]
    let featureCount: Int
    /// The features of each regressed item; each feature's weights have a mean square of 1 where it is there.
    let rows: [SparseFeatures]
    private let loop: ParallelLoop

    private var size: Int { rows.count }

    /// Nil where no regressed item has any feature.
    init?(of features: ItemFeatures, among selection: ItemSelection, loop: ParallelLoop) {
        var rows = selection.items.map { _ in SparseFeatures() }
        for (member, row) in zip(features.members, features.rows) where selection.places[member] >= 0 {
            rows[Int(selection.places[member])] = row
        }
        var moments = [(squares: Double, count: Int)](repeating: (0, 0), count: features.featureCount)
        for row in rows {
            for (index, weight) in zip(row.indices, row.weights) where weight != 0 {
                moments[Int(index)].squares += Double(weight) * Double(weight)
                moments[Int(index)].count += 1
            }
        }
        guard moments.contains(where: { $0.count > 0 }) else { return nil }
        let scales = moments.map { $0.squares > 0 ? Float((Double($0.count) / $0.squares).squareRoot()) : 0 }
        for place in rows.indices {
            for k in rows[place].indices.indices { rows[place].weights[k] *= scales[Int(rows[place].indices[k])] }
        }
        self.rows = rows
        self.loop = loop
        fields = features.fields
        featureCount = features.featureCount
    }

    /// Adds what the features say to what was counted.
    ///
    /// - Parameters:
    ///   - weight: κ.
    ///   - matrix: m × m, row-major: G in the upper triangle and nothing in the lower one, or, `isOrdered`, F with G = F + Fᵀ but for
    ///     the diagonal. What is added is divided likewise; in the first case the lower triangle means nothing afterwards.
    ///   - isCancelled: Asked now and then; once it says so, what is added means nothing.
    func add(
        weight: Double, to matrix: AlignedBuffer<Float>, isOrdered: Bool, isCancelled: () -> Bool = { false }
    ) {
        let meetings = meetings(in: matrix)
        let factors = factors(weight: weight, meetings: meetings, products: products(in: matrix, isCancelled))
        let roots = meetings.map { Float($0.squareRoot()) }
        forEachChunk(isCancelled) { features, values in
            for f in features {
                for item in 0..<size { values[(f - features.lowerBound) * size + item] *= factors[f] * roots[item] }
            }
            add(values, count: features.count, to: matrix, isOrdered)
        }
    }

    /// What an item's weight of each feature times √g_i is multiplied by to be its v, times √κ e; 0 where the feature says nothing.
    ///
    /// - Parameters:
    ///   - weight: κ.
    ///   - meetings: g.
    ///   - products: Σ_{i<j} x_i x_j G_ij of each feature; not a number for one that is not looked at.
    func factors(weight: Double, meetings: [Double], products: [Double]) -> [Float] {
        let sums = sums(over: meetings)
        let factors = zip(excesses(sums, total: meetings.reduce(0, +), products: products), sums).map { excess, sums in
            excess > 0 && sums.roots > 0 ? Float((weight * excess).squareRoot() / sums.roots) : 0
        }
        return factors.allSatisfy(\.isFinite) ? factors : factors.map { _ in 0 }
    }

    /// Calls `body` with ever more of the features, and their rows of weights of all items.
    private func forEachChunk(_ isCancelled: () -> Bool, _ body: (Range<Int>, AlignedBuffer<Float>) -> Void) {
        var next = [Int](repeating: 0, count: size)
        for first in stride(from: 0, to: featureCount, by: Self.chunk) {
            if isCancelled() { return }
            let features = first..<min(featureCount, first + Self.chunk)
            let values = AlignedBuffer<Float>(count: features.count * size, repeating: 0)
            for (item, row) in rows.enumerated() {
                while next[item] < row.indices.count, features.contains(Int(row.indices[next[item]])) {
                    values[(Int(row.indices[next[item]]) - first) * size + item] = row.weights[next[item]]
                    next[item] += 1
                }
            }
            body(features, values)
        }
    }

    /// g: how often each item was met with another.
    private func meetings(in matrix: AlignedBuffer<Float>) -> [Double] {
        loop.blocks(of: Self.itemsPerTask, below: size) { items in
            var sums = [Double](repeating: 0, count: items.count)
            for item in items {
                for other in 0..<size where other != item {
                    sums[item - items.lowerBound] += Double(matrix[item * size + other])
                }
            }
            for other in 0..<size {
                for item in items where other != item {
                    sums[item - items.lowerBound] += Double(matrix[other * size + item])
                }
            }
            return sums
        }.flatMap { $0 }
    }

    /// Of one feature, over the items i.
    private struct Sums {
        /// Σ x_i g_i.
        var plain = 0.0
        /// Σ |x_i| g_i.
        var absolute = 0.0
        /// Σ x_i² g_i².
        var squares = 0.0
        /// Σ x_i² √g_i.
        var roots = 0.0
    }

    private func sums(over meetings: [Double]) -> [Sums] {
        var sums = [Sums](repeating: Sums(), count: featureCount)
        for (item, row) in rows.enumerated() {
            for (index, weight) in zip(row.indices, row.weights) {
                let (x, g) = (Double(weight), meetings[item])
                sums[Int(index)].plain += x * g
                sums[Int(index)].absolute += abs(x) * g
                sums[Int(index)].squares += x * x * g * g
                sums[Int(index)].roots += x * x * g.squareRoot()
            }
        }
        return sums
    }

    /// Σ_{i≠j} x_i x_j M_ij of each feature, M being the matrix: half of that over G.
    private func products(in matrix: AlignedBuffer<Float>, _ isCancelled: () -> Bool) -> [Double] {
        var products: [Double] = []
        forEachChunk(isCancelled) { features, values in
            let parts = loop.blocks(of: Self.itemsPerTask, below: size) { items in
                let image = AlignedBuffer<Float>(count: features.count * items.count, repeating: 0)
                unsafe Kernels.multiply(
                    rows: features.count, columns: items.count, inner: size,
                    .init(base: values.base, stride: size, order: .plain),
                    .init(base: matrix.base + items.lowerBound, stride: size, order: .plain), into: image.base,
                    stride: items.count, isAdded: false)
                return (0..<features.count).map { f in
                    items.reduce(0.0) { sum, item in
                        sum + Double(image[f * items.count + item - items.lowerBound] * values[f * size + item])
                    }
                }
            }
            for f in 0..<features.count { products.append(parts.reduce(0) { $0 + $1[f] }) }
        }
        products += Array(repeating: 0, count: featureCount - products.count)
        for (item, row) in rows.enumerated() {
            let own = Double(matrix[item * (size + 1)])
            for (index, weight) in zip(row.indices, row.weights) {
                products[Int(index)] -= Double(weight) * Double(weight) * own
            }
        }
        return products
    }

    /// e of each feature, drawn to its field's.
    private func excesses(_ sums: [Sums], total: Double, products: [Double]) -> [Double] {
        guard total > 0 else { return Array(repeating: 0, count: featureCount) }
        let expected = zip(sums, products).map { sums, product in
            product.isNaN ? 0 : max(0, (sums.absolute * sums.absolute - sums.squares) / total)
        }
        let found = zip(sums, products).map { sums, product in
            product.isNaN ? 0 : 2 * product - (sums.plain * sums.plain - sums.squares) / total
        }
        var excesses = [Double](repeating: 0, count: featureCount)
        for field in fields {
            let pairs = expected[field].reduce(0, +)
            let share = pairs > 0 ? found[field].reduce(0, +) / pairs : 0
            for f in field {
                excesses[f] = (found[f] + Self.fieldPairs * share) / (expected[f] + Self.fieldPairs) * expected[f]
            }
        }
        return excesses
    }

    /// Adds vᵀ v for rows v.
    private func add(_ rows: AlignedBuffer<Float>, count: Int, to matrix: AlignedBuffer<Float>, _ isOrdered: Bool) {
        if isOrdered {
            for index in 0..<count * size { rows[index] *= Float(0.5).squareRoot() }
        }
        loop.run(tasks: (size + Self.itemsPerTask - 1) / Self.itemsPerTask) { _, task in
            let items = task * Self.itemsPerTask..<min(size, (task + 1) * Self.itemsPerTask)
            let first = isOrdered ? 0 : items.lowerBound
            unsafe Kernels.multiply(
                rows: items.count, columns: size - first, inner: count,
                .init(base: rows.base + items.lowerBound, stride: size, order: .transposed),
                .init(base: rows.base + first, stride: size, order: .plain),
                into: matrix.base + items.lowerBound * size + first, stride: size, isAdded: true)
            // An item is met with itself in one order only.
            for item in items where isOrdered {
                matrix[item * (size + 1)] += (0..<count).reduce(0) { sum, f in
                    sum + rows[f * size + item] * rows[f * size + item]
                }
            }
        }
    }
}
