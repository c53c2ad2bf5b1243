@testable import NCF

/// Scores that a test writes down, one row per user.
struct TableScorer: Scorer {
    var table: [[Float]]
    var itemCount: Int { table[0].count }

    func score(user: Int, into scores: inout MutableSpan<Float>) {
        for item in 0..<itemCount { scores[item] = table[user][item] }
    }

    func score(user: Int, items: [Int32]) -> [Float] { items.map { table[user][Int($0)] } }

    /// A dataset in which `histories[u]` are the items of user u.
    static func dataset(_ histories: [[Int32]], items: Int) -> InteractionDataset {
        var (userIDs, itemIDs) = (IDMap.Builder(), IDMap.Builder())
        for user in histories.indices { _ = userIDs.intern("u\(user)") }
        for item in 0..<items { _ = itemIDs.intern("i\(item)") }
        let taken = histories.flatMap(\.self)
        return InteractionDataset(
            userIDs: userIDs.build(), itemIDs: itemIDs.build(),
            userOffsets: histories.reduce(into: [0]) { unsafe $0.append($0.last.unsafelyUnwrapped + $1.count) },
            items: taken,
            ratings: taken.map { _ in .nan }, weights: taken.map { _ in 1 }, timestamps: taken.map { _ in 0 },
            cleaning: DatasetCleaning())
    }
}
