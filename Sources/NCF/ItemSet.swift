/// A set of item indices as one bit per item of the catalogue: membership in O(1), whatever is excluded.
public struct ItemSet: Sendable, Equatable {
    /// Bit i % 64 of word i / 64 stands for item i.
    private(set) var words: [UInt64]
    /// How many items the catalogue has; indices from there on are never members.
    public let itemCount: Int

    /// The empty set over a catalogue of `itemCount` items.
    public init(itemCount: Int) {
        self.itemCount = itemCount
        words = Array(repeating: 0, count: (itemCount + 63) / 64)
    }

    /// The set of `items`; those outside the catalogue are left out.
    public init(itemCount: Int, items: some Sequence<Int>) {
        self.init(itemCount: itemCount)
        for item in items { insert(item) }
    }

    /// The set of the items for which `isMember` holds; O(catalogue).
    public init(itemCount: Int, where isMember: (Int) -> Bool) {
        self.init(itemCount: itemCount)
        for word in words.indices {
            var bits: UInt64 = 0
            for item in word * 64..<min(itemCount, (word + 1) * 64) where isMember(item) { bits |= 1 << (item % 64) }
            words[word] = bits
        }
    }

    /// Whether `item` is a member.
    public func contains(_ item: Int) -> Bool {
        guard item >= 0 && item < itemCount else { return false }
        return words[item / 64] & (1 << (item % 64)) != 0
    }

    /// Adds `item`, unless it is outside the catalogue.
    public mutating func insert(_ item: Int) {
        guard item >= 0 && item < itemCount else { return }
        words[item / 64] |= 1 << (item % 64)
    }

    /// Takes `item` out, if it is a member.
    public mutating func remove(_ item: Int) {
        guard item >= 0 && item < itemCount else { return }
        words[item / 64] &= ~(1 << (item % 64))
    }

    /// Adds the members of `other`, a set over the same catalogue; O(catalogue / 64).
    public mutating func formUnion(_ other: ItemSet) {
        precondition(other.itemCount == itemCount, "sets over different catalogues")
        for word in words.indices { words[word] |= other.words[word] }
    }

    /// Leaves only the members of `other`, a set over the same catalogue; O(catalogue / 64).
    public mutating func formIntersection(_ other: ItemSet) {
        precondition(other.itemCount == itemCount, "sets over different catalogues")
        for word in words.indices { words[word] &= other.words[word] }
    }

    /// The items that are not members; O(catalogue / 64).
    public var complement: ItemSet {
        var complement = self
        for word in words.indices { complement.words[word] = ~words[word] }
        if itemCount % 64 != 0 { complement.words[words.count - 1] &= (1 << (itemCount % 64)) - 1 }
        return complement
    }

    /// The members in ascending order.
    public var items: [Int32] {
        var items: [Int32] = []
        for (index, word) in words.enumerated() {
            var left = word
            while left != 0 {
                items.append(Int32(index * 64 + left.trailingZeroBitCount))
                left &= left - 1
            }
        }
        return items
    }

    /// How many members there are; O(catalogue / 64).
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether there is no member.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
}
