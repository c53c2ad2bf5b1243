public import InteractionStorage
import JSON

/// Writes interactions as the CSV that ``CSVInteractionReader`` reads, into a buffer that its owner empties.
///
/// All seven columns are written, so that the header can be written before the first row is known. Writing what was read
/// from such a file gives the same bytes.
public struct CSVInteractionWriter: Sendable {
    /// What has been written since the buffer was last taken.
    public private(set) var bytes: [UInt8] = []

    /// Begins with the header.
    public init() {
        bytes.append(contentsOf: InteractionColumn.names.joined(separator: ",").utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// The buffer's content; the buffer is empty afterwards.
    public mutating func takeBytes() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }

    /// Writes one row.
    public mutating func write(_ interaction: Interaction) {
        append(interaction.userID, end: ",")
        append(interaction.itemID, end: ",")
        append(interaction.kind ?? "", end: ",")
        append(number: interaction.rating, end: ",")
        append(number: interaction.weight, end: ",")
        let time = interaction.timestamp.map { RFC3339.format(milliseconds: InteractionEncoder.writable($0)) }
        append(time ?? "", end: ",")
        append(interaction.interactionID ?? "", end: "\n")
    }

    private mutating func append(number: Double?, end: Unicode.Scalar) {
        guard let number, number.isFinite else { return append("", end: end) }
        // Whole numbers without ".0", as JSON has them; beyond 2⁵³ the shortest form is exact and this would not be.
        let isWhole = number == number.rounded() && number.magnitude < 9_007_199_254_740_992
        append(isWhole ? Int(number).description : number.description, end: end)
    }

    private mutating func append(_ field: String, end: Unicode.Scalar) {
        if field.utf8.contains(where: Self.needsQuotes) {
            bytes.append(UInt8(ascii: "\""))
            for byte in field.utf8 {
                if byte == UInt8(ascii: "\"") { bytes.append(byte) }
                bytes.append(byte)
            }
            bytes.append(UInt8(ascii: "\""))
        } else {
            bytes.append(contentsOf: field.utf8)
        }
        bytes.append(UInt8(ascii: end))
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"")
    }
}
