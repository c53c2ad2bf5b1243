/// What most values of a column are like, so that single ones that cannot be meant are told from them.
///
/// By quantiles rather than by mean and deviation, which one absurd value moves as far as it likes.
enum RobustBounds {
    /// Rows beneath which nothing can be told.
    private static let leastRows = 50
    /// One row in so many, and one at least, may be absurd at either end.
    private static let share = 1000
    /// How many times as far as the scale is wide a rating may lie outside of it; where it has no width, how many times as far as its value is
    /// from 0.
    private static let scaleFactor: Float = 10
    /// Ratings that are looked at.
    private static let sample = 100_000

    /// The newest time that counts as one: later ones are some clock's mistake, and what fades would all have faded. O(n log n).
    static func newest(of timestamps: [Int64]) -> Int64 {
        guard timestamps.count >= leastRows else { return timestamps.max() ?? 0 }
        return timestamps.sorted(by: >)[max(1, timestamps.count / share)]
    }

    /// The ratings that can be on the scale of most; nil where nothing can be told. O(n).
    static func scale(of ratings: [Float]) -> ClosedRange<Float>? {
        let stride = max(1, ratings.count / sample)
        let some = Swift.stride(from: 0, to: ratings.count, by: stride).map { ratings[$0] }.filter { !$0.isNaN }
            .sorted()
        guard some.count >= leastRows else { return nil }
        let outside = max(1, some.count / share)
        let (low, high) = (some[outside], some[some.count - 1 - outside])
        let width = (high > low ? high - low : abs(high)) * scaleFactor
        guard (low - width).isFinite, (high + width).isFinite, width > 0 else { return nil }
        return (low - width)...(high + width)
    }
}
