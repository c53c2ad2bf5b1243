/// A row with a fault as it was sent, for whoever keeps such rows.
public struct RefusedRow: Equatable, Sendable {
    /// Its bytes without the line's ending, as far as they are kept.
    public var text: [UInt8]
    /// Whether there were more.
    public var isCut: Bool
    /// The user it is about, where that can be read beyond doubt.
    public var userID: String?

    /// The beginning of `row`, up to `limit` bytes.
    init(_ row: Span<UInt8>, limit: Int, userID: String? = nil) {
        let count = min(row.count, limit)
        text = []
        text.reserveCapacity(count)
        for index in 0..<count { text.append(row[index]) }
        isCut = count < row.count
        self.userID = userID
    }

    /// The beginning of a row that was too long to be read.
    init(beginning: [UInt8], limit: Int) {
        text = Array(beginning.prefix(limit))
        isCut = true
    }
}
