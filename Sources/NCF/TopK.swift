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
/// For a few, a heap with the worst on top, whose score is the threshold that a newcomer must pass; for many, a pool of up
/// to twice as many, of which the worse half is thrown out when it is full. Either way most items cost one comparison.
/// Among equal scores the lower item index ranks higher, so that answers repeat exactly. NaN and negative infinity never
/// rank: a broken or masked score cannot win a place, not even an empty one. Expected cost O(n + limit · ln(n / limit)) for
/// scores in random order, times log limit with the heap; worst case O(n log limit) and O(n).
public struct TopK: Sendable {
    /// The most that a heap keeps: beyond, its paths are long and no longer in the first-level cache.
    static let heapLimit = 64

    /// How many items are kept at most.
    public let limit: Int
    /// A heap, or a pool in no order.
    private var kept: [ScoredItem] = []
    /// What a score must reach to enter.
    private(set) var threshold = -Float.infinity

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
        if limit > Self.heapLimit {
            kept.append(candidate)
            if kept.count / 2 >= limit { throwOut() }
            return
        }
        if kept.count < limit {
            kept.append(candidate)
            siftUp(from: kept.count - 1)
        } else if Self.ranks(candidate, before: kept[0]) {
            kept[0] = candidate
            siftDown()
        }
        if kept.count == limit { threshold = kept[0].score }
    }

    /// The items kept, best first.
    public consuming func ranked() -> [ScoredItem] {
        throwOut()
        return kept.sorted(by: Self.ranks(_:before:))
    }

    /// The items kept, in no order.
    consuming func unordered() -> [ScoredItem] {
        throwOut()
        return kept
    }

    /// Keeps the best `limit` of the pool.
    private mutating func throwOut() {
        guard kept.count > limit else { return }
        let limit = limit
        unsafe kept.withUnsafeMutableBufferPointer { unsafe Self.bringForward(limit, of: $0) }
        threshold = kept[limit - 1].score
        kept.removeSubrange(limit..<kept.count)
    }

    /// Brings the best `count` of `items` to its front, the worst of them last among these (Hoare 1961, "Find").
    private static func bringForward(_ count: Int, of items: UnsafeMutableBufferPointer<ScoredItem>) {
        var (low, high) = (0, items.count - 1)
        // Unlucky pivots, as a hostile order may have them, end in sorting what is left.
        var attempts = 2 * (Int.bitWidth - items.count.leadingZeroBitCount)
        while low < high {
            attempts -= 1
            if attempts < 0 {
                var rest = unsafe UnsafeMutableBufferPointer(rebasing: items[low...high])
                unsafe rest.sort(by: ranks(_:before:))
                return
            }
            let pivot = unsafe median(items[low], items[low + (high - low) / 2], items[high])
            var (left, right) = (low, high)
            while left <= right {
                while unsafe ranks(items[left], before: pivot) { left += 1 }
                while unsafe ranks(pivot, before: items[right]) { right -= 1 }
                if left <= right {
                    unsafe items.swapAt(left, right)
                    (left, right) = (left + 1, right - 1)
                }
            }
            if count - 1 <= right {
                high = right
            } else if count - 1 >= left {
                low = left
            } else {
                return
            }
        }
    }

    private static func median(_ a: ScoredItem, _ b: ScoredItem, _ c: ScoredItem) -> ScoredItem {
        let (first, second) = ranks(a, before: b) ? (a, b) : (b, a)
        return ranks(c, before: first) ? first : ranks(second, before: c) ? second : c
    }

    @inline(__always)
    private static func ranks(_ left: ScoredItem, before right: ScoredItem) -> Bool {
        left.score > right.score || (left.score == right.score && left.item < right.item)
    }

    private mutating func siftUp(from start: Int) {
        unsafe kept.withUnsafeMutableBufferPointer { heap in
            let moving = unsafe heap[start]
            var hole = start
            while hole > 0, unsafe Self.ranks(heap[(hole - 1) / 2], before: moving) {
                unsafe heap[hole] = unsafe heap[(hole - 1) / 2]
                hole = (hole - 1) / 2
            }
            unsafe heap[hole] = moving
        }
    }

    private mutating func siftDown() {
        unsafe kept.withUnsafeMutableBufferPointer { heap in
            let moving = unsafe heap[0]
            var hole = 0
            while 2 * hole + 1 < heap.count {
                var child = 2 * hole + 1
                if child + 1 < heap.count, unsafe Self.ranks(heap[child], before: heap[child + 1]) { child += 1 }
                guard unsafe Self.ranks(moving, before: heap[child]) else { break }
                unsafe heap[hole] = unsafe heap[child]
                hole = child
            }
            unsafe heap[hole] = moving
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
