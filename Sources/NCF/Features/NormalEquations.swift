/// The sums that a ridge regression of `width` columns is solved from: over rows x (features and a constant 1, all times the
/// root of the row's weight) and t (targets, likewise) Σ xᵀ x and Σ tᵀ x.
struct NormalEquations {
    let columns: Int
    let width: Int
    /// `columns` × `columns`, upper triangle.
    private let gram: AlignedBuffer<Float>
    /// `width` × `columns`.
    private let products: AlignedBuffer<Float>

    init(columns: Int, width: Int) {
        self.columns = columns
        self.width = width
        gram = AlignedBuffer(count: columns * columns, repeating: 0)
        products = AlignedBuffer(count: width * columns, repeating: 0)
    }

    /// Adds the first `rows` rows of `features` and `targets`.
    func add(rows: Int, _ features: AlignedBuffer<Float>, _ targets: AlignedBuffer<Float>) {
        precondition(rows * columns <= features.count && rows * width <= targets.count)
        unsafe Kernels.addGram(rows: rows, columns: columns, of: features.base, scale: 1, into: gram.base)
        unsafe Kernels.multiply(
            rows: width, columns: columns, inner: rows, .init(base: targets.base, stride: width, order: .transposed),
            .init(base: features.base, stride: columns, order: .plain), into: products.base, stride: columns,
            isAdded: true)
    }

    /// The regression with a penalty on features and none on the constant; an infinite one leaves the mean. Nil where there is
    /// no solution.
    func solution(penalty: Float) -> Solution? {
        let features = columns - 1
        let total = gram[columns * columns - 1]
        guard total > 0 else { return nil }
        let coefficients = AlignedBuffer<Float>(count: width * features, repeating: 0)
        var base = (0..<width).map { products[$0 * columns + features] / total }
        guard penalty < .infinity else { return Solution(columns: columns, coefficients: coefficients, base: base) }
        // The constant is eliminated first, which centres features and targets.
        let means = (0..<features).map { gram[$0 * columns + features] / total }
        let centred = AlignedBuffer<Float>(count: features * features, repeating: 0)
        for row in 0..<features {
            for column in row..<features {
                centred[row * features + column] = gram[row * columns + column] - total * means[row] * means[column]
            }
            centred[row * features + row] += penalty
        }
        for k in 0..<width {
            for f in 0..<features {
                coefficients[k * features + f] = products[k * columns + f] - total * base[k] * means[f]
            }
        }
        guard
            unsafe Kernels.solve(
                size: features, matrix: centred.base, rightSide: coefficients.base, count: width)
        else { return nil }
        for k in 0..<width {
            for f in 0..<features { base[k] -= coefficients[k * features + f] * means[f] }
        }
        return Solution(columns: columns, coefficients: coefficients, base: base)
    }

    /// What rows are predicted by.
    struct Solution {
        /// Features and the constant.
        let columns: Int
        /// Targets × features.
        let coefficients: AlignedBuffer<Float>
        let base: [Float]

        /// The targets of the first `rows` rows of `features`, each times the root of its weight as they are.
        func predict(rows: Int, _ features: AlignedBuffer<Float>, into predicted: AlignedBuffer<Float>) {
            let width = base.count
            precondition(rows * columns <= features.count && rows * width <= predicted.count)
            for row in 0..<rows {
                let root = features[row * columns + columns - 1]
                for k in 0..<width { predicted[row * width + k] = root * base[k] }
            }
            unsafe Kernels.multiply(
                rows: rows, columns: width, inner: columns - 1,
                .init(base: features.base, stride: columns, order: .plain),
                .init(base: coefficients.base, stride: columns - 1, order: .transposed), into: predicted.base,
                stride: width, isAdded: true)
        }

        /// Writes some targets' columns of base and features, in this order, into rows of all targets.
        func copy(_ range: Range<Int>, to rows: inout [Float]) {
            let width = base.count
            for k in range {
                rows[k] = base[k]
                for f in 0..<columns - 1 { rows[(f + 1) * width + k] = coefficients[k * (columns - 1) + f] }
            }
        }
    }
}
