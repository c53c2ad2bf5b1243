import InteractionStorage
import JSON

/// Holds records to the length of a line that an import reads, so that whatever was stored is exported and imported again.
struct RecordLength {
    let limit: Int

    /// What is wrong with an item that is too long.
    func fault(of item: Item) -> String? {
        var bound = bound(id: item.id, item.tags, item.attributes)
        bound += Self.bound(item.title ?? "") + Self.bound(item.domain ?? "") + 64
        for (name, vector) in item.vectors { bound += Self.bound(name.text) + Self.numberBound * vector.count }
        return fault(bound) { ItemEncoder.encode(item, to: &$0) }
    }

    /// What is wrong with a user that is too long.
    func fault(of user: User) -> String? {
        fault(bound(id: user.id, user.tags, user.attributes)) { UserEncoder.encode(user, to: &$0) }
    }

    /// Only what may be too long is written to see.
    private func fault(_ bound: Int, _ encode: (inout JSONWriter) -> Void) -> String? {
        guard bound > limit else { return nil }
        var writer = JSONWriter()
        encode(&writer)
        guard writer.bytes.count > limit else { return nil }
        return "is \(writer.bytes.count) bytes long as a line of an export; at most \(limit) are stored"
    }

    private func bound(id: String, _ tags: [String], _ attributes: [ExactName: AttributeValue]) -> Int {
        var bound = 256 + Self.bound(id)
        for tag in tags { bound += Self.bound(tag) }
        for (name, value) in attributes {
            bound += Self.bound(name.text)
            switch value {
            case .string(let text): bound += Self.bound(text)
            case .number, .boolean: bound += Self.numberBound
            case .strings(let texts): for text in texts { bound += Self.bound(text) }
            }
        }
        return bound
    }

    /// Digits, sign, point, exponent and a comma.
    private static let numberBound = 32

    /// A byte is six where it has to be escaped; quotation marks, a colon, a comma.
    private static func bound(_ text: String) -> Int { 6 * text.utf8.count + 8 }
}
