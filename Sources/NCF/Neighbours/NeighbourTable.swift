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
    func adding(_ terms: [Term], to related: RelatedScores) -> RelatedScores {
        let terms = terms.filter { $0.weight != 0 }
        guard !terms.isEmpty else { return related }
        let mentions = terms.reduce(related.count) { $0 + entries(of: Int($1.item)).count }
        guard mentions >= itemCount / Self.sparseShare else {
            return addingFew(terms, to: related, mentions: mentions)
        }
        var sums = related.ofAll(itemCount)
        unsafe sums.withUnsafeMutableBufferPointer { sums in
            guard let sums = sums.baseAddress else { return }
            unsafe add(terms, to: sums)
        }
        return RelatedScores(ofAll: sums)
    }

    /// What the item of a history adds to others, so many times.
    typealias Term = (item: Int32, weight: Float)

    /// Where less than this part of a catalogue is spoken for, the sums are kept of these items alone.
    private static let sparseShare = 16
    /// Items whose sums are made at once, a multiple of 64: they stay in the cache nearest the core.
    private static let blockLength = 8192

    /// The same for sums of few items, block by block.
    private func addingFew(_ terms: [Term], to related: RelatedScores, mentions: Int) -> RelatedScores {
        var left = terms.map { entries(of: Int($0.item)) }
        var (found, scores): ([Int32], [Float]) = ([], [])
        found.reserveCapacity(mentions)
        scores.reserveCapacity(mentions)
        var sums = SparseSums(places: Self.blockLength)
        for start in stride(from: 0, to: itemCount, by: Self.blockLength) {
            let block = start..<start + Self.blockLength
            related.forEach(in: block) { sums.add($1, at: $0 - start) }
            for (index, term) in terms.enumerated() {
                var entry = left[index].lowerBound
                while entry < left[index].upperBound, Int(items[entry]) < block.upperBound {
                    sums.add(term.weight * weights[entry], at: Int(items[entry]) - start)
                    entry += 1
                }
                left[index] = entry..<left[index].upperBound
            }
            sums.take { place, sum in
                found.append(Int32(start + place))
                scores.append(sum)
            }
        }
        return RelatedScores(scores, of: found)
    }

    /// Adds to the scores of all items what the items of a history add, each times its weight; O(their entries).
    @unsafe
    func add(_ terms: [Term], to scores: UnsafeMutablePointer<Float>) {
        unsafe items.withUnsafeBufferPointer { items in
            unsafe weights.withUnsafeBufferPointer { weights in
                guard let items = items.baseAddress, let weights = weights.baseAddress else { return }
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
