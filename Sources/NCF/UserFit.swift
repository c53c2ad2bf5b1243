/// The most probable vector of a user, given a loss on some samples and the users' own distribution as a prior.
///
/// Newton's method on all elements at once, each step by conjugate gradients (Nash 2000, "truncated Newton"): with the prior
/// for preconditioner a few products with the samples' derivatives do what a decomposition in O(samples · d² + d³) would.
/// The logits are linear in p_G and β_u, for which this is exact; in p_M they are linear in pieces, so that the steps are
/// those of Gauss and Newton. A step is halved until it lowers the cost: from far out, where the loss is nearly flat, the
/// whole step leads to the other end of the world.
struct UserFit {
    private static let halvings = 20
    private static let conjugateSteps = 60
    /// How much a step leaves of its system's residual, squared and in the norm of the inverse prior.
    private static let residual: Float = 1e-2
    /// How many steps are made at most, and what share of the cost one must gain for another to follow. With a tower a step
    /// costs much, and more of them lower the cost but make no better recommendations.
    private let limits: (steps: Int, gain: Float)

    private let kernels: ServingKernels
    private let loss: SampleLoss
    private let features: LogitFeatures
    private let none: AlignedBuffer<Float>
    /// The prior's, element by element.
    private let mean: [Float]
    private let precision: [Float]
    /// What moves: [p_G ; p_M ; β_u], or [p_G ; β_u].
    private var point: [Float]
    private var slopes: [Float]
    private var logits: [Float]
    private var cost: Float = .infinity
    private let start: UserVector
    private let movesTower: Bool

    /// - Parameter movesTower: Whether p_M moves, or stays the prior's.
    init(_ model: ScoringModel, _ prior: ModelPrior, _ loss: SampleLoss, rows: ItemRows, movesTower: Bool = true) {
        let movesTower = movesTower && model.architecture.hasMLP
        self.movesTower = movesTower
        limits = movesTower ? (4, 1e-2) : (10, 1e-4)
        kernels = model.kernels
        start = prior.user
        self.loss = loss
        features = LogitFeatures(model, rows, fixingTowerOf: movesTower ? nil : prior.user)
        none = AlignedBuffer(count: max(loss.count, features.width), repeating: 0)
        mean = prior.user.elements(withTower: movesTower)
        precision = prior.precisions(of: model.architecture, logitUnit: loss.logitUnit, withTower: movesTower)
        point = mean
        slopes = Array(repeating: 0, count: loss.count)
        logits = slopes
    }

    /// The vector found.
    var user: UserVector { start.moved(to: point, withTower: movesTower) }

    /// Goes to where the cost is least, or nearly so.
    mutating func solve() {
        cost = cost(at: point, &logits, slopes: &slopes)
        for _ in 0..<limits.steps {
            let before = cost
            guard let direction = direction(), move(along: direction) else { return }
            if before - cost <= limits.gain * abs(before) { return }
        }
    }

    /// The samples' loss, and the prior's half squared distance in units of its spread.
    private func cost(at point: [Float], _ logits: inout [Float], slopes: inout [Float]) -> Float {
        logits = features.evaluate(at: start.moved(to: point, withTower: movesTower))
        var sum: Float = 0
        for k in point.indices { sum += precision[k] * (point[k] - mean[k]) * (point[k] - mean[k]) }
        return unsafe loss.evaluate(logits, slopes: &slopes) + sum / 2
    }

    /// Goes the whole way, or half, or a quarter of it, and so on; false where nothing lowers the cost.
    private mutating func move(along direction: [Float]) -> Bool {
        var length: Float = 1
        var (next, nextLogits, nextSlopes) = (point, logits, slopes)
        for _ in 0..<Self.halvings {
            for k in point.indices { next[k] = point[k] + length * direction[k] }
            let nextCost = cost(at: next, &nextLogits, slopes: &nextSlopes)
            if nextCost <= cost {
                (point, logits, slopes, cost) = (next, nextLogits, nextSlopes, nextCost)
                return true
            }
            length /= 2
        }
        return false
    }

    /// The cost's derivatives.
    private func gradient() -> [Float] {
        var gradient = [Float](repeating: 0, count: features.width)
        unsafe kernels.userHalf(
            inputs: loss.count, outputs: features.width, weights: features.matrix.base,
            bias: point.indices.map { precision[$0] * (point[$0] - mean[$0]) }, user: slopes, into: &gradient)
        return gradient
    }

    /// s with (Xᵀ C X + P) s = −gradient, C being the curvatures and P the precisions; nil where it is not finite.
    private func direction() -> [Float]? {
        var hessian = Hessian(of: self)
        var residual = gradient().map { -$0 }
        var solution = [Float](repeating: 0, count: ServingKernels.padded(features.width))
        var search = solution
        var error: Float = 0
        for k in residual.indices {
            search[k] = residual[k] / precision[k]
            error += residual[k] * search[k]
        }
        let goal = Self.residual * error
        for _ in 0..<Self.conjugateSteps where error > goal {
            let energy = hessian.multiply(search)
            guard energy > 0 else { break }
            let length = error / energy
            var next: Float = 0
            for k in residual.indices {
                solution[k] += length * search[k]
                residual[k] -= length * hessian.product[k]
                next += residual[k] * residual[k] / precision[k]
            }
            for k in residual.indices { search[k] = residual[k] / precision[k] + next / error * search[k] }
            error = next
        }
        return solution.allSatisfy(\.isFinite) ? solution : nil
    }

    /// Xᵀ C X + P at one point, by its products.
    private struct Hessian {
        private let fit: UserFit
        private var curvatures: [Float]
        private var image: [Float]
        private var pulled: [Float]
        private(set) var product: [Float]

        init(of fit: UserFit) {
            self.fit = fit
            curvatures = fit.slopes
            unsafe fit.loss.curvatures(at: fit.logits, fit.slopes, into: &curvatures)
            (image, pulled, product) = (curvatures, fit.precision, fit.precision)
        }

        /// Makes ``product`` that with x, which is padded, and returns x's own with it.
        mutating func multiply(_ x: [Float]) -> Float {
            let matrix = fit.features.matrix
            let rows = unsafe ServingKernels.Rows(
                count: image.count, width: fit.features.width, base: matrix.base, bias: fit.none.base)
            unsafe fit.kernels.score(rows, by: x, constant: 0, into: &image)
            for sample in image.indices { image[sample] *= curvatures[sample] }
            for k in pulled.indices { pulled[k] = fit.precision[k] * x[k] }
            unsafe fit.kernels.userHalf(
                inputs: image.count, outputs: product.count, weights: matrix.base, bias: pulled, user: image,
                into: &product)
            var energy: Float = 0
            for k in product.indices { energy += x[k] * product[k] }
            return energy
        }
    }
}

extension UserVector {
    /// [p_G ; p_M ; β_u], or [p_G ; β_u].
    func elements(withTower: Bool = true) -> [Float] { gmf + (withTower ? mlp : []) + [bias] }

    /// The same with other ``elements(withTower:)``.
    func moved(to elements: [Float], withTower: Bool = true) -> UserVector {
        let rest = elements.dropFirst(gmf.count).dropLast()
        var moved = UserVector(
            gmf: Array(elements.prefix(gmf.count)), mlp: withTower ? Array(rest) : mlp,
            bias: elements[elements.count - 1])
        moved.related = related
        return moved
    }
}
