/// An item and what it scored.
public struct ScoredItem: Sendable, Equatable {
    /// The item's dense index.
    public var item: Int
    /// Its score: a logit from a model, a number of interactions from popularity; only comparable within one answer.
    public var score: Float

    /// Pairs an item with its score.
    public init(item: Int, score: Float) {
        self.item = item
        self.score = score
    }
}

/// The `limit` best of a stream of scored items, without sorting the catalogue.
///
/// A heap of at most `limit` entries with the worst on top, whose score is the threshold that a newcomer must pass: most
/// items cost one comparison. Among equal scores the lower item index ranks higher, so that answers repeat exactly.
/// NaN and negative infinity never rank: a broken or masked score cannot win a place, not even an empty one.
/// Expected cost O(n + limit · ln(n / limit) · log limit) for scores in random order, worst case O(n log limit).
public struct TopK: Sendable {
    /// How many items are kept at most.
    public let limit: Int
    private var heap: [ScoredItem] = []
    private var threshold = -Float.infinity

    /// Keeps the best `limit` items; none for 0 or less.
    public init(limit: Int) {
        self.limit = max(0, limit)
        if limit <= 0 { threshold = .infinity }
    }

    /// Whether an item with this score could enter; what it says no to needs no further look.
    @inline(__always)
    public func admits(_ score: Float) -> Bool {
        // Equal scores pass, for the index decides among them; NaN and, while there is room, -infinity do not.
        score >= threshold && score > -.infinity
    }

    /// Offers one item.
    public mutating func offer(item: Int, score: Float) {
        guard limit > 0 && admits(score) else { return }
        let candidate = ScoredItem(item: item, score: score)
        if heap.count < limit {
            heap.append(candidate)
            siftUp(from: heap.count - 1)
        } else if Self.ranks(candidate, before: heap[0]) {
            heap[0] = candidate
            siftDown()
        }
        if heap.count == limit { threshold = heap[0].score }
    }

    /// The items kept, best first.
    public consuming func ranked() -> [ScoredItem] {
        heap.sorted(by: Self.ranks(_:before:))
    }

    private static func ranks(_ left: ScoredItem, before right: ScoredItem) -> Bool {
        left.score > right.score || (left.score == right.score && left.item < right.item)
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.ranks(heap[parent], before: heap[child]) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var worst = parent
            for child in (2 * parent + 1)...(2 * parent + 2) where child < heap.count {
                if Self.ranks(heap[worst], before: heap[child]) { worst = child }
            }
            if worst == parent { return }
            heap.swapAt(parent, worst)
            parent = worst
        }
    }
}

extension TopK {
    /// The best `limit` of a whole catalogue, `scores[i]` being item `i`'s, without the members of `excluding`.
    static func select(
        from scores: UnsafeBufferPointer<Float>, limit: Int, excluding: ItemSet?
    ) -> [ScoredItem] {
        var best = TopK(limit: min(limit, scores.count))
        for item in 0..<scores.count where unsafe best.admits(scores[item]) {
            if let excluding, excluding.contains(item) { continue }
            unsafe best.offer(item: item, score: scores[item])
        }
        return best.ranked()
    }
}
