import NCF

extension ModelSnapshot {
    /// The version as people read it: `v17`.
    var name: String { ModelVersion.name(of: version) }
}

/// Versions as people read and write them.
enum ModelVersion {
    /// `v17` for 17.
    static func name(of version: Int) -> String { "v\(version)" }

    /// 17 for `v17` or `17`; nil for anything else.
    static func number(of name: String) -> Int? {
        let digits = name.hasPrefix("v") ? name.dropFirst() : name[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(digits)
    }
}
