internal import Glibc

/// The direction of a user in a model of cosines (``Objective/cosineContrastive``), all items being frozen: on the sphere, down the
/// loss of training on some samples,
///
///     Σ_positives w_i (1 − p · q_i) + W Σ_negatives v_j max(0, p · q_j − m) − r · p        |p| = 1
///
/// r being what else is known of the user. From where all that pulls would have it, in a few steps along the sphere down the steepest
/// slope, each shorter than the one before (Shor 1985): the margin leaves the loss with edges, on which a step may lead up, so that the
/// best point is kept. To its end the descent would say of a short history what is chance in it, as training would without an end.
/// O(samples · d) each.
struct CosineFit {
    /// What the model was trained with.
    struct Training: Sendable {
        var contrast: CosineContrast
        /// Into how many negatives training shares W; a dislike counts as one.
        var negativesPerPositive: Int
        /// |p| of the trained users, once the model is calibrated.
        var length: Float
    }

    /// Steps along the sphere: how many, how long the first one is, in radians, and what is left of the length in the next.
    private static let (steps, firstStep, shortening): (Int, Float, Float) = (8, 0.2, 0.7)

    let training: Training
    private let width: Int
    /// q of each sample, one after the other, at unit length.
    private let rows: FrozenArray<Float>
    /// How much each positive pulls, and below 0 how much each negative pushes where it is nearer than the margin.
    private var pulls: [Float]
    // Which samples stand for the catalogue.
    private let isOther: [Bool]
    // The weight of all positives together, which that of the catalogue's negatives follows.
    private let positives: Float
    private let margin: Float

    /// - Parameter samples: Those of ``FoldIn``; of the negatives that stand for the catalogue only their shares count.
    init(_ samples: [FoldIn.Sample], rows: FrozenArray<Float>, width: Int, _ training: Training) {
        self.training = training
        self.width = width
        self.rows = rows
        margin = Float(training.contrast.margin)
        let positives = samples.reduce(0) { $0 + ($1.target > 0 ? $1.weight : 0) }
        let others = samples.reduce(0) { $0 + ($1.target > 0 || $1.isDisliked ? 0 : $1.weight) }
        let all = Float(training.contrast.negativeWeight)
        let disliked = all / Float(max(1, training.negativesPerPositive))
        let other = others > 0 ? all * positives / others : 0
        isOther = samples.map { $0.target <= 0 && !$0.isDisliked }
        pulls = samples.map { sample in
            sample.target > 0 ? sample.weight : -sample.weight * (sample.isDisliked ? disliked : other)
        }
        self.positives = positives
    }

    /// Whether anything is liked.
    var hasPositives: Bool { positives > 0 }

    /// The direction, of length 1; nil where nothing pulls anywhere.
    ///
    /// - Parameter pull: r; nil for nothing.
    func direction(pull: [Float]? = nil) -> [Float]? {
        Self.unit(pulled(by: pull)).map { descend(from: $0, pull) }
    }

    /// The direction without a sample that is a positive; nil where nothing else pulls anywhere.
    func direction(without sample: Int) -> [Float]? {
        var rest = self
        // Its share of the catalogue's negatives goes with it.
        let share = positives > 0 ? pulls[sample] / positives : 0
        rest.pulls[sample] = 0
        for other in pulls.indices where isOther[other] { rest.pulls[other] *= 1 - share }
        return rest.direction()
    }

    private func descend(from start: [Float], _ pull: [Float]?) -> [Float] {
        var point = start
        var best = (point: point, loss: Float.infinity)
        var step = Self.firstStep
        for _ in 0..<Self.steps {
            var (loss, slope) = evaluate(at: point, pull)
            if loss < best.loss { best = (point, loss) }
            let along = Self.dot(slope, point)
            for k in slope.indices { slope[k] -= along * point[k] }
            guard let aim = Self.unit(slope) else { break }
            for k in point.indices { point[k] += step * aim[k] }
            point = Self.unit(point) ?? point
            step *= Self.shortening
        }
        return evaluate(at: point, pull).loss < best.loss ? point : best.point
    }

    /// What the positives pull, together, and `pull`.
    private func pulled(by pull: [Float]?) -> [Float] {
        var sum = pull ?? [Float](repeating: 0, count: width)
        for (sample, pull) in pulls.enumerated() where pull > 0 { add(sample, times: pull, to: &sum) }
        return sum
    }

    /// The loss but for what is the same everywhere, and where it falls most steeply.
    private func evaluate(at point: [Float], _ pull: [Float]?) -> (loss: Float, slope: [Float]) {
        var slope = pull ?? [Float](repeating: 0, count: width)
        var loss = -Self.dot(slope, point)
        for (sample, pull) in pulls.enumerated() {
            let over = cosine(sample, point) - (pull < 0 ? margin : 0)
            guard pull > 0 || over > 0 else { continue }
            loss -= pull * over
            add(sample, times: pull, to: &slope)
        }
        return (loss, slope)
    }

    private func cosine(_ sample: Int, _ point: [Float]) -> Float {
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe point.withUnsafeBufferPointer { point in
                unsafe Self.dot(UnsafeBufferPointer(rebasing: rows[sample * width..<(sample + 1) * width]), point)
            }
        }
    }

    private static func dot(_ left: [Float], _ right: [Float]) -> Float {
        unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in unsafe dot(left, right) }
        }
    }

    /// By eights, whose sums do not wait for each other.
    private static func dot(_ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>) -> Float {
        let whole = left.count - left.count % 8
        var sums = SIMD8<Float>.zero
        for k in stride(from: 0, to: whole, by: 8) {
            for lane in 0..<8 { unsafe sums[lane] += left[k + lane] * right[k + lane] }
        }
        var sum = sums.sum()
        for k in whole..<left.count { unsafe sum += left[k] * right[k] }
        return sum
    }

    private func add(_ sample: Int, times factor: Float, to sum: inout [Float]) {
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe sum.withUnsafeMutableBufferPointer { sum in
                for k in 0..<width { unsafe sum[k] += factor * rows[sample * width + k] }
            }
        }
    }

    static func length(of vector: [Float]) -> Float { dot(vector, vector).squareRoot() }

    /// A vector at unit length; nil for one of zeros, or without a length.
    static func unit(_ vector: [Float]) -> [Float]? {
        let length = length(of: vector)
        return length.isNormal ? vector.map { $0 / length } : nil
    }
}
