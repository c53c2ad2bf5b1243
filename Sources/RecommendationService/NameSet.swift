import InteractionStorage

/// A set of names that is handed out while it goes on changing: a change copies a part of it at most, where a `Set` that somebody
/// still holds is copied as a whole.
struct NameSet: Sendable {
    private static let partCount = 256

    private var parts: [Set<ExactName>] = Array(repeating: [], count: partCount)
    /// How many names there are.
    private(set) var count = 0

    /// Whether `name` is there; O(1).
    func contains(_ name: ExactName) -> Bool { parts[Self.part(of: name)].contains(name) }

    /// Adds `name`; false where it was there.
    mutating func insert(_ name: ExactName) -> Bool {
        guard parts[Self.part(of: name)].insert(name).inserted else { return false }
        count += 1
        return true
    }

    /// Takes `name` out; false where it was not there.
    mutating func remove(_ name: ExactName) -> Bool {
        guard parts[Self.part(of: name)].remove(name) != nil else { return false }
        count -= 1
        return true
    }

    /// Calls `body` with every name.
    func forEach(_ body: (ExactName) -> Void) {
        for part in parts { part.forEach(body) }
    }

    // Not by the bits that a part's own places go by.
    private static func part(of name: ExactName) -> Int { name.hashValue >> 40 & (partCount - 1) }
}
