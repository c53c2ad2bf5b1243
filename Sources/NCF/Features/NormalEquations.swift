/// The sums that a ridge regression of `width` columns is solved from: over rows x (features and a constant 1) and t (targets),
/// each with a weight w, Σ w xᵀ x and Σ w xᵀ t.
struct NormalEquations {
    /// Features and the constant, which comes last.
    let columns: Int
    let width: Int
    /// `columns` × `columns`, upper triangle.
    private let gram: AlignedBuffer<Float>
    /// `columns` × `width`.
    private let products: AlignedBuffer<Float>

    init(columns: Int, width: Int) {
        self.columns = columns
        self.width = width
        gram = AlignedBuffer(count: columns * columns, repeating: 0)
        products = AlignedBuffer(count: columns * width, repeating: 0)
    }

    /// Adds the first `rows` rows of `features` and `targets`, all times the roots of their weights; O(rows · columns²), by
    /// matrix products.
    func add(rows: Int, _ features: AlignedBuffer<Float>, _ targets: AlignedBuffer<Float>) {
        precondition(rows * columns <= features.count && rows * width <= targets.count)
        unsafe Kernels.addGram(rows: rows, columns: columns, of: features.base, into: gram.base)
        unsafe Kernels.multiply(
            rows: columns, columns: width, inner: rows,
            .init(base: features.base, stride: columns, order: .transposed),
            .init(base: targets.base, stride: width, order: .plain), into: products.base, stride: width, isAdded: true)
    }

    /// Adds one row; O(its features² + its features · width), which for a few of many is less.
    func add(_ features: SparseFeatures, target: [Float], weight: Float) {
        for (place, index) in features.indices.enumerated() {
            let value = weight * features.weights[place]
            let row = Int(index) * columns
            for other in place..<features.indices.count {
                gram[row + Int(features.indices[other])] += value * features.weights[other]
            }
            gram[row + columns - 1] += value
            addProducts(of: Int(index), target, times: value)
        }
        gram[columns * columns - 1] += weight
        addProducts(of: columns - 1, target, times: weight)
    }

    private func addProducts(of column: Int, _ target: [Float], times factor: Float) {
        let start = column * width
        for k in 0..<width { products[start + k] += factor * target[k] }
    }

    /// The regression with a penalty on features and none on the constant; an infinite one leaves the mean. Nil where there is
    /// no solution.
    func solution(penalty: Float) -> Solution? {
        let features = columns - 1
        let total = gram[columns * columns - 1]
        guard total > 0 else { return nil }
        // The features' embeddings, and last the base.
        let rows = AlignedBuffer<Float>(count: columns * width, repeating: 0)
        for k in 0..<width { rows[features * width + k] = products[features * width + k] / total }
        let solution = Solution(columns: columns, width: width, rows: rows)
        guard penalty < .infinity else { return solution }
        // The constant is eliminated first, which centres features and targets.
        let means = (0..<features).map { gram[$0 * columns + features] / total }
        let centred = AlignedBuffer<Float>(count: features * features, repeating: 0)
        for row in 0..<features {
            for column in row..<features {
                centred[row * features + column] = gram[row * columns + column] - total * means[row] * means[column]
            }
            centred[row * features + row] += penalty
        }
        // One right side after the other.
        let sides = AlignedBuffer<Float>(count: width * features, repeating: 0)
        for f in 0..<features {
            for k in 0..<width {
                sides[k * features + f] = products[f * width + k] - means[f] * products[features * width + k]
            }
        }
        guard unsafe Kernels.solve(size: features, matrix: centred.base, rightSide: sides.base, count: width) else {
            return nil
        }
        for f in 0..<features {
            for k in 0..<width {
                rows[f * width + k] = sides[k * features + f]
                rows[features * width + k] -= sides[k * features + f] * means[f]
            }
        }
        return solution
    }

    /// What targets are predicted by.
    struct Solution {
        let columns: Int
        let width: Int
        /// `columns` × `width`: the features' embeddings, then the base.
        let rows: AlignedBuffer<Float>

        /// The targets of the first `rows` rows of `features`, all times the roots of their weights.
        func predict(rows count: Int, _ features: AlignedBuffer<Float>, into predicted: AlignedBuffer<Float>) {
            precondition(count * columns <= features.count && count * width <= predicted.count)
            unsafe Kernels.multiply(
                rows: count, columns: width, inner: columns,
                .init(base: features.base, stride: columns, order: .plain),
                .init(base: rows.base, stride: width, order: .plain), into: predicted.base, stride: width)
        }

        /// The target of one row.
        func predict(_ features: SparseFeatures, into predicted: inout [Float]) {
            let base = (columns - 1) * width
            for k in 0..<width { predicted[k] = rows[base + k] }
            for (index, weight) in zip(features.indices, features.weights) {
                let start = Int(index) * width
                for k in 0..<width { predicted[k] += weight * rows[start + k] }
            }
        }

        /// Writes some targets' columns of base and features, in this order, into rows of all targets.
        func copy(_ range: Range<Int>, to result: inout [Float]) {
            for k in range {
                result[k] = rows[(columns - 1) * width + k]
                for f in 0..<columns - 1 { result[(f + 1) * width + k] = rows[f * width + k] }
            }
        }
    }
}
