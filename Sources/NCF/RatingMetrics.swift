/// How far predicted ratings were from held-out ones, over all of them alike; all NaN where there were none.
public struct RatingMetrics: Sendable, Equatable {
    /// How many ratings were compared.
    public private(set) var count = 0
    private var squares = 0.0
    private var distances = 0.0

    /// No ratings yet.
    init() {}

    /// Adds one prediction and the rating it should have been.
    mutating func add(predicted: Float, actual: Float) {
        let error = Double(predicted) - Double(actual)
        count += 1
        squares += error * error
        distances += abs(error)
    }

    /// Adds the ratings of `other`.
    mutating func merge(_ other: RatingMetrics) {
        count += other.count
        squares += other.squares
        distances += other.distances
    }

    /// The mean squared error.
    public var mse: Double { squares / Double(count) }

    /// The root of the mean squared error, in the ratings' own unit.
    public var rmse: Double { mse.squareRoot() }

    /// The mean absolute error.
    public var mae: Double { distances / Double(count) }

    /// Every figure by name; empty where there were no ratings.
    public var byName: [String: Double] {
        count == 0 ? [:] : ["mse": mse, "rmse": rmse, "mae": mae, "ratings": Double(count)]
    }
}
