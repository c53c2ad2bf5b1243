public import InteractionStorage
import JSON

/// Writes interactions, items or users as newline-delimited JSON, into a buffer that its owner empties.
///
/// Writing what was read from such a file gives the same bytes.
public struct NDJSONWriter: Sendable {
    private var writer = JSONWriter(reservingCapacity: 4_096)

    /// Begins with an empty buffer.
    public init() {}

    /// What has been written since the buffer was last taken.
    public var bytes: [UInt8] { writer.bytes }

    /// The buffer's content; the buffer is empty afterwards.
    public mutating func takeBytes() -> [UInt8] {
        let taken = writer.bytes
        writer = JSONWriter(reservingCapacity: taken.count)
        return taken
    }

    /// Writes one row.
    public mutating func write(_ interaction: Interaction) {
        InteractionEncoder.encode(interaction, to: &writer)
        writer.newline()
    }

    /// Writes one row.
    public mutating func write(_ item: Item) {
        ItemEncoder.encode(item, to: &writer)
        writer.newline()
    }

    /// Writes one row that says of an item that it is withdrawn.
    public mutating func write(withdrawn id: String) {
        ItemEncoder.encode(withdrawn: id, to: &writer)
        writer.newline()
    }

    /// Writes one row.
    public mutating func write(_ user: User) {
        UserEncoder.encode(user, to: &writer)
        writer.newline()
    }
}
