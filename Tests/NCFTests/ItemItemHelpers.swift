import Testing

@testable import NCF

extension ItemItemFactors {
    /// What the item `row` in a history speaks for the item `column`.
    func relation(_ row: Int, _ column: Int) -> Double {
        (0..<rank).reduce(0) { $0 + Double(remembered[row * rank + $1] * recommended[column * rank + $1]) }
    }
}

/// That a regression ends whenever it asks, the first nine times, and is told that it is cancelled.
func expectEndsWhenCancelled(_ regression: ItemItemRegression, sourceLocation: SourceLocation = #_sourceLocation) {
    for limit in 1...9 {
        var asked = 0
        let ended = regression.factors(rank: 8) {
            asked += 1
            return asked == limit
        }
        #expect(ended == nil && asked == limit, sourceLocation: sourceLocation)
    }
}
