internal import Glibc

/// The direction of a user in a model of cosines (``Objective/cosineContrastive``), all items being frozen: on the sphere, where
/// the loss of training on some samples is least.
///
///     Σ_positives w_i (1 − p · q_i) + W Σ_negatives v_j max(0, p · q_j − m)        |p| = 1
///
/// From where the positives alone would have it, in steps along the sphere down the steepest slope, each shorter than the one before
/// (Shor 1985): the margin leaves the loss with edges, on which a step may lead up, so that the best point is kept. Within some
/// thousandths of the least loss. O(samples · d) each.
struct CosineFit {
    private static let steps = 24
    /// How long the first step is, in radians, and what is left of the length in the next.
    private static let (firstStep, shortening): (Float, Float) = (0.7, 0.85)

    private let width: Int
    /// q of each sample, one after the other, at unit length.
    private let rows: FrozenArray<Float>
    /// How much each positive pulls, and below 0 how much each negative pushes where it is nearer than the margin.
    private let pulls: [Float]
    private let margin: Float

    /// - Parameters:
    ///   - samples: Those of ``FoldIn``; of the negatives that stand for the catalogue only their shares count.
    ///   - negativesPerPositive: Into how many negatives training shares W; a dislike counts as one.
    init(
        _ samples: [FoldIn.Sample], rows: FrozenArray<Float>, width: Int, contrast: CosineContrast,
        negativesPerPositive: Int
    ) {
        self.width = width
        self.rows = rows
        margin = Float(contrast.margin)
        let positives = samples.reduce(0) { $0 + ($1.target > 0 ? $1.weight : 0) }
        let others = samples.reduce(0) { $0 + ($1.target > 0 || $1.isDisliked ? 0 : $1.weight) }
        let all = Float(contrast.negativeWeight)
        let (disliked, other) = (all / Float(max(1, negativesPerPositive)), others > 0 ? all * positives / others : 0)
        pulls = samples.map { sample in
            sample.target > 0 ? sample.weight : -sample.weight * (sample.isDisliked ? disliked : other)
        }
    }

    /// The direction, of length 1; `start` where nothing pulls anywhere.
    func direction(from start: [Float]) -> [Float] {
        guard var point = Self.unit(pulled()) else { return start }
        var best = (point: point, loss: Float.infinity)
        var step = Self.firstStep
        for _ in 0..<Self.steps {
            var (loss, slope) = evaluate(at: point)
            if loss < best.loss { best = (point, loss) }
            let along = zip(slope, point).reduce(0) { $0 + $1.0 * $1.1 }
            for k in slope.indices { slope[k] -= along * point[k] }
            guard let aim = Self.unit(slope) else { break }
            for k in point.indices { point[k] += step * aim[k] }
            point = Self.unit(point) ?? point
            step *= Self.shortening
        }
        return evaluate(at: point).loss < best.loss ? point : best.point
    }

    /// What the positives pull, together.
    private func pulled() -> [Float] {
        var sum = [Float](repeating: 0, count: width)
        for (sample, pull) in pulls.enumerated() where pull > 0 { add(sample, times: pull, to: &sum) }
        return sum
    }

    /// The loss but for what is the same everywhere, and where it falls most steeply.
    private func evaluate(at point: [Float]) -> (loss: Float, slope: [Float]) {
        var (loss, slope) = (Float(0), [Float](repeating: 0, count: width))
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
            var sum: Float = 0
            for k in 0..<width { unsafe sum += rows[sample * width + k] * point[k] }
            return sum
        }
    }

    private func add(_ sample: Int, times factor: Float, to sum: inout [Float]) {
        unsafe rows.withUnsafeBufferPointer { rows in
            for k in 0..<width { unsafe sum[k] += factor * rows[sample * width + k] }
        }
    }

    /// A vector at unit length; nil for one of zeros, or without a length.
    static func unit(_ vector: [Float]) -> [Float]? {
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length.isNormal ? vector.map { $0 / length } : nil
    }
}
