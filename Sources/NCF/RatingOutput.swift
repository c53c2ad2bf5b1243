internal import Glibc

/// How a model of ratings gets from its logit to the rating it predicts.
public enum RatingOutput: String, Sendable, CaseIterable {
    /// The logit is the rating, clipped to the scale where it is served.
    case linear
    /// lo + (hi − lo) · σ(logit), lo and hi being the least and the greatest rating of the training data.
    case bounded
}

extension Hyperparameters {
    /// The mapping that these settings ask for on the scale `range`; nil where the logit is the rating, or there is none.
    func boundedRating(on range: ClosedRange<Float>?) -> BoundedRating? {
        guard objective == .rating, ratingOutput == .bounded else { return nil }
        return range.map(BoundedRating.init)
    }
}

/// The mapping of ``RatingOutput/bounded`` on one scale, with its derivative.
///
/// Of a scale that is a point every rating is that point, and every derivative 0.
struct BoundedRating: Sendable, Equatable {
    /// How near the ends of the scale, as a share of it, the logit of a rating is still taken: at an end it would be infinite.
    private static let margin: Float = 1e-3

    /// lo and hi.
    let range: ClosedRange<Float>

    private var span: Float { range.upperBound - range.lowerBound }

    /// The rating of a logit, within the scale whatever the rounding, and its derivative by the logit.
    func value(_ logit: Float) -> (rating: Float, slope: Float) {
        let share = 1 / (1 + exp(-logit))
        return ((range.lowerBound + span * share).clamped(to: range), span * share * (1 - share))
    }

    /// The rating of a logit.
    func rating(_ logit: Float) -> Float { value(logit).rating }

    /// The logit of a rating, those at and beyond the ends being taken from a little within; 0 on a scale that is a point.
    func logit(_ rating: Float) -> Float {
        guard span > 0 else { return 0 }
        let share = ((rating - range.lowerBound) / span).clamped(to: Self.margin...1 - Self.margin)
        return log(share / (1 - share))
    }

    /// The sum of the weighted squared errors of `count` samples; leaves its derivatives by the logits, times `scale`, in `deltas`.
    ///
    /// What `nectar_squared_error` is to a linear output.
    @unsafe
    func squaredError(
        _ count: Int, _ logits: UnsafePointer<Float>, _ targets: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>, scale: Float, deltas: UnsafeMutablePointer<Float>
    ) -> Double {
        var total = 0.0
        for sample in 0..<count {
            let (rating, slope) = unsafe value(logits[sample])
            let (error, weight) = unsafe (rating - targets[sample], weights[sample])
            total += Double(weight * error * error)
            unsafe deltas[sample] = 2 * scale * weight * error * slope
        }
        return total
    }
}
