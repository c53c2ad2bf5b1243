/// Which readiness an operation waits for. With TLS, reading may have to wait for writing and the other way round.
public enum TransportWant: Equatable, Sendable {
    /// Try again when the socket is readable.
    case wantsRead
    /// Try again when the socket is writable.
    case wantsWrite
}

/// What became of a read.
public enum TransportReadResult: Equatable, Sendable {
    /// So many bytes came, at least one.
    case read(Int)
    /// The peer has finished sending. It may still be reading.
    case endOfStream
    /// Nothing to read yet.
    case wouldBlock(TransportWant)
    /// The connection is broken.
    case failed(SystemError)
}

/// What became of a write.
public enum TransportWriteResult: Equatable, Sendable {
    /// Everything was taken.
    case writtenCompletely
    /// Only so many bytes were taken, at least one; try the rest when ready again.
    case writtenPartially(Int)
    /// Nothing was taken.
    case wouldBlock(TransportWant)
    /// The connection is broken.
    case failed(SystemError)
}

/// The bytes of one connection, plain or encrypted. Belongs to one event loop; nothing here blocks.
public protocol Transport: AnyObject {
    /// The number to register with the event loop.
    var descriptorNumber: Int32 { get }
    /// Whether a read would yield bytes although the socket is not readable, because they were decrypted already.
    var hasBufferedInput: Bool { get }
    /// Reads what is there into `buffer` from `offset` to its end, which is not where it begins.
    func read(into buffer: inout [UInt8], at offset: Int) -> TransportReadResult
    /// Writes as much of `bytes`, which are not empty, as is taken without waiting.
    func write(_ bytes: Span<UInt8>) -> TransportWriteResult
    /// Tells the peer that nothing more comes, as far as that is possible without waiting. Reading goes on.
    func shutdownWriting()
    /// Closes the connection; harmless when repeated.
    func close()
}
