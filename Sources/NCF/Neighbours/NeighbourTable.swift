internal import Glibc

/// Which items each item of a history speaks for, and how much: a sparse matrix B, by the rows of the items that speak.
///
/// What ``NeighbourRegression`` finds, as it serves: the entry (j, i) is what j in a history adds to the logit of i.
struct NeighbourTable: Sendable {
    /// Where each item's entries begin; one more than there are items.
    let offsets: FrozenArray<UInt64>
    /// The items that are spoken for, ascending in each row.
    let items: FrozenArray<Int32>
    /// How much for.
    let weights: FrozenArray<Float>

    /// Takes rows that were checked: ascending offsets that end at the number of entries.
    init(offsets: FrozenArray<UInt64>, items: FrozenArray<Int32>, weights: FrozenArray<Float>) {
        self.offsets = offsets
        self.items = items
        self.weights = weights
    }

    /// How many items there are.
    var itemCount: Int { offsets.count - 1 }

    /// Where the entries of `item` lie.
    func entries(of item: Int) -> Range<Int> { Int(offsets[item])..<Int(offsets[item + 1]) }

    /// B_ji, 0 where there is no entry; O(log entries of j).
    func weight(of speaker: Int, for item: Int) -> Float {
        let own = entries(of: speaker)
        let place = own.partitionPoint { Int(items[$0]) < item }
        return place < own.upperBound && Int(items[place]) == item ? weights[place] : 0
    }

    /// `related` and what the items of a history add to it, each times its weight; O(I / 64 + their entries).
    func adding(_ terms: [(item: Int32, weight: Float)], to related: RelatedScores) -> RelatedScores {
        guard !terms.isEmpty else { return related }
        let count = itemCount
        let sums = AlignedBuffer<Float>(count: count, repeating: 0)
        for (item, score) in zip(related.items, related.scores) { sums[Int(item)] = score }
        unsafe add(terms, to: sums.base)
        let touched = terms.reduce(related.items.count) { $0 + entries(of: Int($1.item)).count }
        guard touched < count / Self.sparseShare else {
            return RelatedScores(items: (0..<count).lazy.filter { sums[$0] != 0 }, of: sums)
        }
        var isThere = [UInt64](repeating: 0, count: (count + 63) / 64)
        func mark(_ item: Int32) { isThere[Int(item) / 64] |= 1 << UInt64(item % 64) }
        for item in related.items { mark(item) }
        for (speaker, _) in terms { for entry in entries(of: Int(speaker)) { mark(items[entry]) } }
        var found: [Int] = []
        for (word, bits) in isThere.enumerated() where bits != 0 {
            var left = bits
            while left != 0 {
                found.append(64 * word + left.trailingZeroBitCount)
                left &= left - 1
            }
        }
        return RelatedScores(items: found, of: sums)
    }

    /// Where less than this part of a catalogue is spoken for, it is not gone through item by item.
    private static let sparseShare = 16

    /// Adds to the scores of all items what the items of a history add, each times its weight; O(their entries).
    @unsafe
    func add(_ terms: [(item: Int32, weight: Float)], to scores: UnsafeMutablePointer<Float>) {
        unsafe items.withUnsafeBufferPointer { items in
            unsafe weights.withUnsafeBufferPointer { weights in
                for (speaker, weight) in terms where weight != 0 {
                    // Rows were checked when they were made, or read.
                    for entry in entries(of: Int(speaker)) {
                        unsafe scores[Int(items[entry])] += weight * weights[entry]
                    }
                }
            }
        }
    }

    /// What is wrong with rows of unknown origin, the name of the part first; nil where nothing is.
    var fault: String? {
        let areRising = (0..<itemCount).allSatisfy { offsets[$0] <= offsets[$0 + 1] }
        guard areRising, offsets[0] == 0, offsets[itemCount] == UInt64(items.count) else {
            return "offsets\" does not partition neighbours.items"
        }
        for speaker in 0..<itemCount {
            var last = -1
            for entry in entries(of: speaker) {
                guard Int(items[entry]) > last, Int(items[entry]) < itemCount else {
                    return "items\" does not name items in rising order for item \(speaker)"
                }
                last = Int(items[entry])
            }
        }
        return isFinite ? nil : "weights\" holds other than numbers"
    }

    /// The same with every weight times `factor`.
    func scaled(by factor: Float) -> NeighbourTable {
        NeighbourTable(offsets: offsets, items: items, weights: FrozenArray(weights.map { factor * $0 }))
    }

    /// Whether every number is finite.
    var isFinite: Bool { unsafe weights.withUnsafeBufferPointer { unsafe $0.allSatisfy(\.isFinite) } }
}

extension NeighbourTable: Equatable {
    static func == (left: NeighbourTable, right: NeighbourTable) -> Bool {
        left.offsets.elementsEqual(right.offsets) && left.items.elementsEqual(right.items)
            && left.weights.elementsEqual(right.weights)
    }
}

/// What the items of one history add to the logits of others: as a sparse vector over the catalogue.
public struct RelatedScores: Sendable, Equatable {
    /// Ascending.
    private(set) var items: [Int32] = []
    /// As many.
    private(set) var scores: [Float] = []

    /// Nothing.
    static let none = RelatedScores()

    /// Whether nothing is added to any item.
    public var isEmpty: Bool { items.isEmpty }

    /// Nothing.
    init() {}

    /// Takes the sums of `items`, which are ascending.
    fileprivate init(items: some Sequence<Int>, of sums: AlignedBuffer<Float>) {
        for item in items {
            self.items.append(Int32(item))
            scores.append(sums[item])
        }
    }

    /// What is added to `item`; O(log entries).
    subscript(item: Int) -> Float {
        let place = firstPlace(from: item)
        return place < items.count && Int(items[place]) == item ? scores[place] : 0
    }

    /// Adds to each of a block of scores, the first of which is that of the item `block` begins with.
    @unsafe @inline(__always)
    func add(to block: Range<Int>, of result: UnsafeMutablePointer<Float>) {
        guard !items.isEmpty else { return }
        var place = firstPlace(from: block.lowerBound)
        while place < items.count, Int(items[place]) < block.upperBound {
            unsafe result[Int(items[place]) - block.lowerBound] += scores[place]
            place += 1
        }
    }

    private func firstPlace(from item: Int) -> Int { items.indices.partitionPoint { Int(items[$0]) < item } }
}

/// What the users of a model have in their histories, where scores are made of it when they are asked for.
struct UserHistories: Sendable {
    let seen: SeenItems
    let evidence: HistoryEvidence

    /// The liked items with what each counts, oldest first.
    func items(of user: Int) -> [HistoryItem] {
        guard evidence.isOn else { return seen.items(of: user, .liked).map { HistoryItem(item: $0) } }
        return seen.list(of: user).compactMap {
            $0.opinion == .liked ? HistoryItem(item: $0.item, factor: evidence.factor(of: $0.weight ?? 1)) : nil
        }
    }
}
