import JSON

/// JSON Merge Patch (RFC 7396): members of a patch replace those of a document, `null` takes one away, objects are merged
/// member by member.
enum MergePatch {
    /// Writes `target` changed by `patch`.
    static func write(_ target: JSONValue?, patchedBy patch: JSONValue, into writer: inout JSONWriter) {
        guard patch.kind == .object else { return writer.value(patch) }
        writer.object { result in
            let old = target?.kind == .object ? target : nil
            if let old {
                for (name, value) in old.members where patch[name] == nil { result.member(name, value) }
            }
            for (name, change) in patch.members where change.kind != .null {
                result.key(name)
                write(old?[name], patchedBy: change, into: &result)
            }
        }
    }
}
