import CKernels

/// What is known of the positives of a mini-batch as each other's negatives: whether one is an accidental hit, and how likely
/// it was.
///
/// O(log positives) a question; beside the dataset 4 bytes an interaction, 8 an item and 8 a user.
struct BatchNegatives: Sendable {
    private let offsets: [Int]
    // By user, ascending.
    private let positives: [Int32]
    // How many groups of an epoch each item is the positive of.
    private let occurrences: [Double]
    // By user, of all items that the user has not interacted with.
    private let candidateOccurrences: [Double]

    /// - Parameter trained: The items of all groups of an epoch.
    init(dataset: InteractionDataset, trained: [Int32]) {
        offsets = dataset.userOffsets
        var counts = [Double](repeating: 0, count: dataset.itemCount)
        for item in trained { counts[Int(item)] += 1 }
        occurrences = counts
        var sorted: [Int32] = []
        sorted.reserveCapacity(dataset.interactionCount)
        candidateOccurrences = (0..<dataset.userCount).map { user in
            let own = dataset.items(of: user)
            sorted.append(contentsOf: own.sorted())
            return Double(trained.count) - own.reduce(0) { $0 + counts[Int($1)] }
        }
        positives = sorted
    }

    /// Whether `user` has interacted with `item`.
    func isHit(_ item: Int32, user: Int) -> Bool {
        let start = offsets[user]
        let count = offsets[user + 1] - start
        guard count > 0 else { return false }
        return unsafe positives.withUnsafeBufferPointer { all in
            guard let base = all.baseAddress else { return false }
            let below = unsafe Int(nectar_count_at_most(base + start, Int64(count), item))
            return unsafe below > 0 && base[start + below - 1] == item
        }
    }

    /// The probability that `item`, one that `user` has not interacted with, is the positive of a group, among those of which that is
    /// true.
    func probability(of item: Int32, user: Int) -> Double {
        occurrences[Int(item)] / candidateOccurrences[user]
    }
}
