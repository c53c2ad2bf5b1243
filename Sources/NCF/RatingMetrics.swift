/// How far predicted ratings were from held-out ones, over all of them alike; all NaN where there were none.
public struct RatingMetrics: Sendable, Equatable {
    // By user, so that users can be drawn again: ratings, squared errors, absolute errors.
    private var sums = BlockSums(width: 3)

    /// No ratings yet.
    init() {}

    /// Adds a user's predictions, and the ratings they should have been.
    mutating func add(predicted: [Float], actual: [Float]) {
        precondition(predicted.count == actual.count)
        guard !actual.isEmpty else { return }
        var figures = [Double(actual.count), 0, 0]
        for (predicted, actual) in zip(predicted, actual) {
            let error = Double(predicted) - Double(actual)
            figures[1] += error * error
            figures[2] += abs(error)
        }
        sums.add(figures)
    }

    /// Adds the ratings of `other`.
    mutating func merge(_ other: RatingMetrics) { sums.merge(other.sums) }

    /// How many ratings were compared.
    public var count: Int { Int(sums.totals[0]) }

    /// The mean squared error.
    public var mse: Double { Self.mse(sums.totals) }

    /// The root of the mean squared error, in the ratings' own unit.
    public var rmse: Double { mse.squareRoot() }

    /// The mean absolute error.
    public var mae: Double { Self.mae(sums.totals) }

    private static func mse(_ totals: [Double]) -> Double { totals[1] / totals[0] }
    private static func mae(_ totals: [Double]) -> Double { totals[2] / totals[0] }

    /// Every figure by name; empty where there were no ratings.
    public var byName: [String: Double] {
        count == 0 ? [:] : ["mse": mse, "rmse": rmse, "mae": mae, "ratings": Double(count)]
    }

    /// The interval of every figure by name, users being drawn with all their ratings.
    public func intervals(_ bootstrap: ConfidenceInterval.Bootstrap) -> [String: ConfidenceInterval] {
        let draws = sums.resampled(bootstrap.resamples, seed: bootstrap.seed)
        func interval(_ figure: ([Double]) -> Double) -> ConfidenceInterval? {
            ConfidenceInterval(of: draws.map(figure), confidence: bootstrap.confidence)
        }
        var intervals: [String: ConfidenceInterval] = [:]
        intervals["mse"] = interval(Self.mse)
        intervals["rmse"] = interval { Self.mse($0).squareRoot() }
        intervals["mae"] = interval(Self.mae)
        return intervals
    }
}
