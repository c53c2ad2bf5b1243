extension Range<Int> {
    /// The first number of which `isBefore` does not hold, where it holds of all below that and of none from there on; ``upperBound``
    /// where it holds of all. O(log count).
    @inline(__always)
    func partitionPoint(where isBefore: (Int) -> Bool) -> Int {
        var (low, high) = (lowerBound, upperBound)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
