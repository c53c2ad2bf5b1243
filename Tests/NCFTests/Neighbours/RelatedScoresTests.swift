import Testing

@testable import NCF

@Suite("What a history adds to the logits of neighbours")
struct RelatedScoresTests {
    private static let items = 20_000

    /// Random rows of `width` entries.
    private func table(width: Int, seed: UInt64) -> NeighbourTable {
        var random = SplitMix64(seed: seed)
        var (offsets, items, weights): ([UInt64], [Int32], [Float]) = ([0], [], [])
        for _ in 0..<Self.items {
            let row = Set((0..<width).map { _ in Int32(random.below(Self.items)) })
            items += row.sorted()
            weights += row.map { _ in Float(random.nextNormal()) }
            offsets.append(UInt64(items.count))
        }
        return NeighbourTable(
            offsets: FrozenArray(offsets), items: FrozenArray(items), weights: FrozenArray(weights))
    }

    /// What terms add, item by item in their order.
    private func expected(_ terms: [NeighbourTable.Term], _ table: NeighbourTable) -> [Float] {
        var sums = [Float](repeating: 0, count: Self.items)
        for (speaker, weight) in terms {
            for entry in table.entries(of: Int(speaker)) {
                sums[Int(table.items[entry])] += weight * table.weights[entry]
            }
        }
        return sums
    }

    @Test(
        "one at a time, block by block and of items asked for, the sums are the same to the bit",
        arguments: [3, 20, 400])
    func sums(speakers: Int) {
        let table = table(width: 50, seed: UInt64(speakers))
        var random = SplitMix64(seed: 5)
        let terms: [NeighbourTable.Term] = (0..<speakers).map { _ in
            (Int32(random.below(Self.items)), Float(random.nextNormal()))
        }
        let expected = expected(terms, table)
        // Of few terms the sums are kept of some items, of many of all.
        let (first, second) = (terms[..<(speakers / 3)], terms[(speakers / 3)...])
        let whole = table.adding(terms, to: .none)
        let inTwo = table.adding(Array(second), to: table.adding(Array(first), to: .none))
        #expect((whole.count == Self.items) == (speakers == 400))
        for related in [whole, inTwo] {
            #expect((0..<Self.items).allSatisfy { related[$0] == expected[$0] })
            #expect(related.ofAll(Self.items) == expected)
            for block in [0..<384, 8064..<8448, 8192..<16_384, 19_968..<20_000] {
                var scores = [Float](repeating: 1, count: block.count)
                unsafe scores.withUnsafeMutableBufferPointer { scores in
                    guard let base = scores.baseAddress else { return }
                    unsafe related.add(to: block, of: base)
                }
                #expect(scores == block.map { 1 + expected[$0] })
            }
        }
    }

    @Test("nothing said, nothing added")
    func nothing() {
        let table = table(width: 5, seed: 1)
        #expect(table.adding([], to: .none).isEmpty)
        #expect(table.adding([(7, 0)], to: .none).isEmpty)
        let some = table.adding([(7, 2)], to: .none)
        #expect(!some.isEmpty && table.adding([(8, 0)], to: some) == some)
    }
}
