/// What ratings are like: where they lie, and how far they are from each other.
public struct RatingScale: Sendable, Equatable {
    /// The least and the greatest rating.
    public var range: ClosedRange<Float>
    /// The ratings' standard deviation; 1 where all are the same.
    ///
    /// The unit in which errors are learned from, so that ratings of 0 to 1,000 are learned as ratings of 1 to 5 are.
    public var deviation: Float

    // Within these its square is a number, and one to divide by.
    private static let usableDeviations: ClosedRange<Float> = 1e-15...1e15

    /// A scale on which ratings are `deviation` apart, or unknown how far: then a quarter of its width, as on one of 1 to 5 about.
    public init(range: ClosedRange<Float>, deviation: Float? = nil) {
        self.range = range
        let quarter = (range.upperBound - range.lowerBound) / 4
        let unit = deviation ?? quarter
        self.deviation = unit.isNormal && unit > 0 ? unit.clamped(to: Self.usableDeviations) : 1
    }

    /// The scale of `ratings`, in two passes; nil where none is a number. NaN is no rating.
    init?(_ ratings: some Sequence<Float>) {
        var (count, sum) = (0, 0.0)
        var (least, greatest) = (Float.infinity, -Float.infinity)
        for rating in ratings where !rating.isNaN {
            count += 1
            sum += Double(rating)
            (least, greatest) = (min(least, rating), max(greatest, rating))
        }
        guard count > 0 else { return nil }
        guard least < greatest else {
            self.init(range: least...greatest)
            return
        }
        let mean = sum / Double(count)
        let squares = ratings.reduce(0.0) { $1.isNaN ? $0 : $0 + (Double($1) - mean) * (Double($1) - mean) }
        self.init(range: least...greatest, deviation: Float((squares / Double(count)).squareRoot()))
    }
}
