import TestSupport
import Testing

@testable import NCF

@Suite("The best of a catalogue")
struct TopKTests {
    /// The slow, obvious way.
    private func sorted(_ scores: [Float], limit: Int, excluding: ItemSet?) -> [ScoredItem] {
        let eligible = scores.indices.filter { scores[$0] > -.infinity && !(excluding?.contains($0) ?? false) }
        let ordered = eligible.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
        return ordered.prefix(max(0, limit)).map { ScoredItem(item: $0, score: scores[$0]) }
    }

    private func select(_ scores: [Float], limit: Int, excluding: ItemSet? = nil) -> [ScoredItem] {
        unsafe scores.withUnsafeBufferPointer { unsafe TopK.select(from: $0, limit: limit, excluding: excluding) }
    }

    @Test("agrees with sorting, with many ties, for every limit", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func agreesWithSorting(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for count in [0, 1, 2, 7, 64, 65, 300] {
            let scores = (0..<count).map { _ in Float(Int.random(in: 0..<20, using: &random)) }
            let members = (0..<count).filter { _ in Bool.random(using: &random) }
            let excluded = ItemSet(itemCount: count, items: members)
            for limit in [0, 1, 2, 10, count - 1, count, count + 1, .max] {
                #expect(select(scores, limit: limit) == sorted(scores, limit: limit, excluding: nil))
                #expect(
                    select(scores, limit: limit, excluding: excluded)
                        == sorted(scores, limit: limit, excluding: excluded), "seed \(seed)")
            }
        }
    }

    @Test(
        "agrees with sorting where it keeps many, in any order of the scores", arguments: [65, 100, 700, 1999, 3000],
        ["random", "rising", "falling", "equal", "organ pipes", "two values"])
    func keepsMany(limit: Int, order: String) {
        var random = SeededGenerator(seed: 9)
        let scores = (0..<3000).map { index -> Float in
            switch order {
            case "rising": Float(index)
            case "falling": Float(-index)
            case "equal": 1
            case "organ pipes": Float(min(index, 3000 - index))
            case "two values": Float(index % 2)
            default: Float.random(in: -1...1, using: &random)
            }
        }
        let excluded = ItemSet(itemCount: 3000, items: stride(from: 0, to: 3000, by: 7))
        #expect(select(scores, limit: limit) == sorted(scores, limit: limit, excluding: nil))
        let found = select(scores, limit: limit, excluding: excluded)
        #expect(found == sorted(scores, limit: limit, excluding: excluded))
        var best = TopK(limit: limit)
        for (item, score) in scores.enumerated() { best.offer(item: item, score: score) }
        let unordered = best.unordered()
        #expect(Set(unordered.map(\.item)) == Set(sorted(scores, limit: limit, excluding: nil).map(\.item)))
    }

    @Test("neither NaN nor a masked score wins even an empty place")
    func ignoresNaN() {
        let scores: [Float] = [.nan, 1, -.infinity, .infinity, .nan, -3]
        #expect(select(scores, limit: 6).map(\.item) == [3, 1, 5])
        #expect(select(scores, limit: 1).map(\.item) == [3])
        #expect(select([.nan, .nan], limit: 2).isEmpty)
    }

    @Test("a negative limit is none")
    func negativeLimit() {
        #expect(select([1, 2], limit: -1).isEmpty)
        #expect(select([.infinity], limit: 0).isEmpty)
    }

    @Test("with everything excluded nothing is left")
    func everythingExcluded() {
        #expect(select([1, 2, 3], limit: 3, excluding: ItemSet(itemCount: 3, items: 0..<3)).isEmpty)
    }
}

@Suite("Item sets")
struct ItemSetTests {
    @Test("holds what was put in, up to the last item of the catalogue", arguments: [1, 63, 64, 65, 200])
    func membership(itemCount: Int) {
        var set = ItemSet(itemCount: itemCount)
        #expect(set.isEmpty)
        set.insert(itemCount - 1)
        set.insert(0)
        #expect(set.contains(itemCount - 1) && set.contains(0))
        #expect(set.count == min(2, itemCount))
        set.remove(0)
        #expect(!set.contains(0) || itemCount == 0)
    }

    @Test("items outside the catalogue are never members")
    func outside() {
        var set = ItemSet(itemCount: 64, items: [-1, 64, .max])
        set.insert(64)
        set.remove(-1)
        #expect(set.isEmpty && !set.contains(64) && !set.contains(-1))
    }
}
