/// One row that was refused: where it stands, and what is wrong with it in a sentence for people.
///
/// A row with several faults is one `RowFault`, its sentences joined by semicolons.
public struct RowFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line in its file or body, counted from 1; blank lines and the header count.
    public var line: Int
    /// What is wrong, without the line: `rating "five" is not a number`.
    public var detail: String
    /// The row itself, where ``InteractionLimits/refusedTextLength`` asks for it.
    public var row: RefusedRow?

    /// Names a fault on `line`.
    public init(line: Int, detail: String, row: RefusedRow? = nil) {
        self.line = line
        self.detail = detail
        self.row = row
    }

    /// The whole sentence: `line 17: rating "five" is not a number`.
    public var description: String {
        "line \(line): \(detail)"
    }
}
