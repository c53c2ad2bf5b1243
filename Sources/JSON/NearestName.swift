/// Finds the name that was probably meant.
struct NearestName {
    /// The name among `names` nearest to `typed`, if near enough to be worth suggesting; the earlier one on a tie.
    ///
    /// Near enough is one edit for up to four bytes and one more for each further three, at most three: `usr_id` is
    /// `user_id`, but `color` is not `count`. Case and the choice of `-` or `_` are free.
    static func of(_ typed: String, among names: [String]) -> String? {
        let wanted = folded(typed)
        guard wanted.count <= 64 else { return nil }
        var best: (name: String, distance: Int)?
        for name in names {
            let candidate = folded(name)
            let allowed = min(3, 1 + max(0, min(wanted.count, candidate.count) - 2) / 3)
            guard abs(candidate.count - wanted.count) <= allowed else { continue }
            let distance = distance(wanted, candidate)
            if distance <= allowed, distance < best?.distance ?? .max { best = (name, distance) }
        }
        return best?.name
    }

    private static func folded(_ name: String) -> [UInt8] {
        name.utf8.lazy.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
            .map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment).
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...b.count)
        for row in a.indices {
            var current = [row + 1]
            current.reserveCapacity(b.count + 1)
            for column in b.indices {
                let substituted = previous[column] + (a[row] == b[column] ? 0 : 1)
                var cost = min(substituted, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, a[row] == b[column - 1], a[row - 1] == b[column] {
                    cost = min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[b.count]
    }
}

extension String {
    /// At most 64 characters of a caller's text, so that a fault stays a line.
    var abbreviatedForFault: String {
        // Counted in scalars: one character may be megabytes of combining marks.
        guard let end = unicodeScalars.index(startIndex, offsetBy: 64, limitedBy: endIndex), end < endIndex else {
            return self
        }
        return String(unicodeScalars[..<end]) + "…"
    }
}
