/// How often what was said came true, by what was said.
struct Reliability {
    private var pairs: [Double]
    private var probabilities: [Double]
    private var outcomes: [Double]

    /// Nothing said yet; `bins` of equal width from 0 to 1.
    init(bins: Int) {
        pairs = Array(repeating: 0, count: bins)
        probabilities = pairs
        outcomes = pairs
    }

    /// Counts that `probability` was said of what turned out as `outcome`, 0 or 1.
    mutating func add(probability: Double, outcome: Double) {
        let bin = min(pairs.count - 1, Int(probability * Double(pairs.count)))
        pairs[bin] += 1
        probabilities[bin] += probability
        outcomes[bin] += outcome
    }

    /// The mean distance, over all that was said, between a bin's mean probability and its share of outcomes.
    var expectedError: Double {
        let distances = zip(probabilities, outcomes).reduce(0) { $0 + abs($1.0 - $1.1) }
        return distances / max(1, pairs.reduce(0, +))
    }
}
