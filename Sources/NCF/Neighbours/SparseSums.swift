/// Sums in a small number of places, of which it is known which were added to.
struct SparseSums {
    private var sums: [Float]
    // A bit for each place.
    private var touched: [UInt64]

    /// Zero in each of so many places, a multiple of 64.
    init(places: Int) {
        sums = [Float](repeating: 0, count: places)
        touched = [UInt64](repeating: 0, count: places / 64)
    }

    /// Adds to the sum in a place.
    mutating func add(_ value: Float, at place: Int) {
        sums[place] += value
        touched[place / 64] |= 1 << UInt64(place % 64)
    }

    /// Calls `body` with the places that were added to, in rising order, and their sums, which are zero afterwards; O(places / 64 and
    /// those).
    mutating func take(_ body: (_ place: Int, _ sum: Float) -> Void) {
        for word in touched.indices where touched[word] != 0 {
            var left = touched[word]
            while left != 0 {
                let place = 64 * word + left.trailingZeroBitCount
                left &= left - 1
                body(place, sums[place])
                sums[place] = 0
            }
            touched[word] = 0
        }
    }
}
