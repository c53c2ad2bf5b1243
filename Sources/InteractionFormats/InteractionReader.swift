public import InteractionStorage

/// A push parser of rows that hold one interaction each: it is handed the bytes as they come, and hands on what they hold.
///
/// The outcome is the same however the bytes are cut. Memory is bounded by the longest row. A row with a fault is
/// reported and passed over; the rows after it are read. A reader serves one input and belongs to one thread.
public protocol InteractionReader: Sendable {
    /// How many lines have been read, the one being worked on included.
    var lineNumber: Int { get }

    /// Whether the input as a whole is unreadable (a CSV header that names an unknown column): one fault has said so, and
    /// all that follows is passed over.
    var isRefused: Bool { get }

    /// Reads the next bytes; calls `receive` for every interaction and `report` for every row with a fault, in order.
    ///
    /// An error thrown by either ends the reading: the reader must not be used afterwards.
    mutating func consume<Failure: Error>(
        _ chunk: Span<UInt8>,
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure)

    /// Reads what is left, where the input does not end with a line feed. Called once, at the end.
    mutating func finish<Failure: Error>(
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure)
}

extension InteractionReader {
    /// Reads the next bytes, as ``consume(_:into:faults:)-(Span<UInt8>,_,_)``.
    public mutating func consume<Failure: Error>(
        _ chunk: [UInt8],
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure) {
        try consume(chunk.span, into: receive, faults: report)
    }
}
