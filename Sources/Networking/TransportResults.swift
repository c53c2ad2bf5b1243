/// Which readiness an operation waits for. With TLS, reading may have to wait for writing and the other way round.
public enum TransportWant: Equatable, Sendable {
    /// Try again when the socket is readable.
    case wantsRead
    /// Try again when the socket is writable.
    case wantsWrite
}

/// What became of a step of the handshake.
public enum TransportHandshakeResult: Equatable, Sendable {
    /// Bytes may be read and written.
    case complete
    /// The client's next message is awaited, or room for ours.
    case wouldBlock(TransportWant)
    /// There will be no session; the sentence says why.
    case failed(String)
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
