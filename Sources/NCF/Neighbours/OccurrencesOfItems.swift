/// Where each item occurs in the histories of a dataset.
struct OccurrencesOfItems: Sendable {
    private var offsets: [Int]
    private var occurrences: [(user: Int32, place: Int32)]

    /// As much of a user's history as counts.
    static func history(of user: Int, in dataset: InteractionDataset) -> Range<Int> {
        let all = dataset.interactions(of: user)
        return max(all.lowerBound, all.upperBound - ItemMeetings.longestHistory)..<all.upperBound
    }

    /// O(interactions).
    init(_ dataset: InteractionDataset) {
        offsets = Array(repeating: 0, count: dataset.itemCount + 1)
        for user in 0..<dataset.userCount {
            for place in Self.history(of: user, in: dataset) { offsets[Int(dataset.items[place]) + 1] += 1 }
        }
        for item in 0..<dataset.itemCount { offsets[item + 1] += offsets[item] }
        var next = offsets
        occurrences = Array(repeating: (0, 0), count: offsets[dataset.itemCount])
        for user in 0..<dataset.userCount {
            for place in Self.history(of: user, in: dataset) {
                let item = Int(dataset.items[place])
                occurrences[next[item]] = (Int32(user), Int32(place))
                next[item] += 1
            }
        }
    }

    func of(_ item: Int) -> ArraySlice<(user: Int32, place: Int32)> { occurrences[offsets[item]..<offsets[item + 1]] }
}
