import InteractionStorage

/// What the earlier pages of a list have shown, which is what its cursor says: the next page is the best of the rest.
///
/// A place in the ranking would not do: between two pages the user may have touched what was shown, which then is left out, and another
/// model may rank. Six letters stand for an item; of two that have the same ones by accident (once in 2^36) the second is not shown.
struct ShownItems: Sendable, Equatable {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let lettersPerItem = 6

    private var marks: [UInt64] = []

    /// Nothing yet.
    init() {}

    /// What `cursor` says; nil where it is none of ours.
    init?(cursor: String) {
        let text = Array(cursor.utf8)
        guard !text.isEmpty, text.count.isMultiple(of: Self.lettersPerItem) else { return nil }
        var mark: UInt64 = 0
        for (place, letter) in text.enumerated() {
            guard let digit = Self.letters.firstIndex(of: letter) else { return nil }
            mark = mark << 6 | UInt64(digit)
            if (place + 1).isMultiple(of: Self.lettersPerItem) {
                marks.append(mark)
                mark = 0
            }
        }
    }

    var count: Int { marks.count }

    /// For URLs as it is.
    var cursor: String {
        let letters = marks.flatMap { mark in
            (1...Self.lettersPerItem).map { Self.letters[Int(mark >> (6 * (Self.lettersPerItem - $0)) & 63)] }
        }
        return String(decoding: letters, as: UTF8.self)
    }

    /// These and `items`.
    func adding(_ items: [String]) -> ShownItems {
        var all = self
        all.marks += items.map(Self.mark)
        return all
    }

    /// Those of `entries` that were not shown.
    func rest(of entries: [Recommendation.Entry]) -> [Recommendation.Entry] {
        guard !marks.isEmpty else { return entries }
        let shown = Set(marks)
        return entries.filter { !shown.contains(Self.mark($0.itemID)) }
    }

    private static func mark(_ item: String) -> UInt64 {
        var hash = StableHash()
        hash.combine(item)
        return hash.value & (1 << 36 - 1)
    }
}
