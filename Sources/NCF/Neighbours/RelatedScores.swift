/// What the items of one history add to the logits of others: a vector over the catalogue, sparse where few items are added to.
public struct RelatedScores: Sendable, Equatable {
    /// The items that are added to, ascending; none where ``scores`` are those of all items.
    private let items: [Int32]
    /// Of ``items``, or of all.
    private let scores: [Float]

    /// Nothing.
    static let none = RelatedScores([], of: [])

    /// Takes the scores of some items, which are ascending.
    init(_ scores: [Float], of items: [Int32]) {
        precondition(scores.count == items.count)
        (self.items, self.scores) = (items, scores)
    }

    /// Takes the scores of all items of a catalogue.
    init(ofAll scores: [Float]) { (items, self.scores) = ([], scores) }

    /// Whether nothing is added to any item.
    public var isEmpty: Bool { scores.isEmpty }

    /// Of how many items there is a score.
    var count: Int { scores.count }

    private var isOfAll: Bool { items.count < scores.count }

    /// The scores of all items of a catalogue of so many.
    func ofAll(_ itemCount: Int) -> [Float] {
        if isOfAll { return scores }
        var all = [Float](repeating: 0, count: itemCount)
        for (item, score) in zip(items, scores) { all[Int(item)] = score }
        return all
    }

    /// What is added to `item`; O(log of how many are added to).
    subscript(item: Int) -> Float {
        if isOfAll { return scores[item] }
        let place = firstPlace(from: item)
        return place < items.count && Int(items[place]) == item ? scores[place] : 0
    }

    /// Calls `body` with what is added to the items of `block`, in rising order; not with those that nothing is added to, where these
    /// are known.
    @inline(__always)
    func forEach(in block: Range<Int>, _ body: (_ item: Int, _ score: Float) -> Void) {
        if isOfAll {
            for item in block.clamped(to: 0..<scores.count) { body(item, scores[item]) }
        } else {
            var place = firstPlace(from: block.lowerBound)
            while place < items.count, Int(items[place]) < block.upperBound {
                body(Int(items[place]), scores[place])
                place += 1
            }
        }
    }

    /// Adds to each of a block of scores, the first of which is that of the item `block` begins with.
    @unsafe @inline(__always)
    func add(to block: Range<Int>, of result: UnsafeMutablePointer<Float>) {
        guard !isEmpty else { return }
        forEach(in: block) { item, score in unsafe result[item - block.lowerBound] += score }
    }

    private func firstPlace(from item: Int) -> Int { items.indices.partitionPoint { Int(items[$0]) < item } }
}
