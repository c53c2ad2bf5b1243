import InteractionStorage
import JSON

/// The kinds of interaction that are taken, where others are refused.
///
/// Names are compared byte for byte: one that only looks like a known one is another kind.
public struct KnownKinds: Sendable {
    private let names: Set<ExactName>
    private let sorted: [String]

    /// Takes these and no others.
    public init(_ names: [String]) {
        self.names = Set(names.map(ExactName.init))
        sorted = names.sorted()
    }

    /// Why an interaction of the kind `name` is refused, worded to follow its place; nil where it is not.
    public func fault(of name: String) -> String? {
        if names.contains(ExactName(name)) { return nil }
        let near = NearestName.of(name, among: sorted).map { "; did you mean \"\($0)\"?" } ?? ""
        return "\(FieldText.quotation(of: name)) is not a kind that is known here (interactions.kinds)\(near)"
    }
}
