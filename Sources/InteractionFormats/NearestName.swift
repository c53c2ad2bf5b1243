/// Finds the name that was probably meant.
enum NearestName {
    /// The name among `known` closest to `name`, if fewer than half of its letters had to change; nil otherwise.
    static func find(_ name: String, among known: [String]) -> String? {
        let wanted = Array(name.utf8.prefix(64))
        var best: (name: String, distance: Int)?
        for candidate in known {
            let distance = editDistance(wanted.map(lowercased), Array(candidate.utf8))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance * 2 < max(best.name.utf8.count, 3) else { return nil }
        return best.name
    }

    /// ` "usr_id"; did you mean "user_id"?`, or what is known where nothing is near.
    static func sentence(unknown kind: String, _ name: String, known: [String]) -> String {
        let quoted = FieldText.quotation(of: name)
        if let nearest = find(name, among: known) {
            return "unknown \(kind) \(quoted); did you mean \"\(nearest)\"?"
        }
        return "unknown \(kind) \(quoted); known are \(known.joined(separator: ", "))"
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// Levenshtein's distance, by the two-row method.
    private static func editDistance(_ from: [UInt8], _ to: [UInt8]) -> Int {
        var previous = Array(0...to.count)
        for (row, byte) in from.enumerated() {
            var current = [row + 1]
            for (column, other) in to.enumerated() {
                let substitution = previous[column] + (byte == other ? 0 : 1)
                current.append(min(substitution, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[to.count]
    }
}
