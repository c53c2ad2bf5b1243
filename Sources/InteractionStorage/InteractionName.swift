/// What an interaction is called: as its caller named it, or, where it has no name of its own, after its row.
public enum InteractionName: Sendable, Equatable {
    /// The `interactionID` that came with it.
    case given(String)
    /// `row:17`. No row is ever given out twice, so the name stays true.
    case row(Int64)

    private static let prefix = "row:"

    /// Reads a name. `row:` and the digits of a positive number, as they are written here, are a row's; all else is given.
    public init(_ text: String) {
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count)
        if text.utf8.starts(with: Self.prefix.utf8), let row = Int64(String(Substring(digits))), row > 0,
            "\(row)".utf8.elementsEqual(digits)
        {
            self = .row(row)
        } else {
            self = .given(text)
        }
    }

    /// The name as it is written.
    public var text: String {
        switch self {
        case .given(let text): text
        case .row(let row): Self.prefix + "\(row)"
        }
    }

    /// What is wrong with `text` as a name that a caller gives, worded to follow the name of its member; nil when nothing
    /// is.
    public static func fault(ofGiven text: String) -> String? {
        guard case .row = InteractionName(text) else { return Identifier.fault(of: text) }
        return "says \"\(text)\", as only interactions without one are called"
    }
}

extension StoredInteraction {
    /// What it is called, and deleted by: its `interactionID`, or its row where it has none.
    public var name: String {
        guard let given = interaction.interactionID, case .given = InteractionName(given) else {
            return InteractionName.row(rowID).text
        }
        return given
    }
}
