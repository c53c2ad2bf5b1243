import CLinux
import Glibc

/// The bytes of one connection, plain or through a TLS session. Belongs to one event loop; nothing here blocks.
///
/// One class with a session or none, rather than a protocol: reading and writing are on the path of every request, and
/// an existential there costs more than the branch.
public final class Transport {
    private var descriptor: FileDescriptor?
    /// The number to register with the event loop, or -1 once closed. Exempt from the run-time check for overlapping
    /// access, which a number cannot have.
    @safe @exclusivity(unchecked) public private(set) var descriptorNumber: Int32
    #if TLS
        private let session: TLSSession?
    #endif

    /// Takes over a connected, non-blocking socket, to be used as it is.
    public init(_ descriptor: consuming FileDescriptor) {
        descriptorNumber = descriptor.number
        self.descriptor = consume descriptor
        #if TLS
            session = nil
        #endif
    }

    #if TLS
        /// Takes over a connected, non-blocking socket on which the client is to begin a TLS handshake.
        public init(_ descriptor: consuming FileDescriptor, securedBy context: TLSContext) throws(TLSError) {
            session = try TLSSession(context: context, descriptor: descriptor.number)
            descriptorNumber = descriptor.number
            self.descriptor = consume descriptor
        }
    #endif

    /// Whether the bytes travel by TLS.
    public var isSecured: Bool {
        #if TLS
            return session != nil
        #else
            return false
        #endif
    }

    /// Whether a read may yield bytes although the socket is not readable, because they have been read already.
    public var hasBufferedInput: Bool {
        #if TLS
            if let session { return session.hasBufferedInput }
        #endif
        return false
    }

    /// Goes on with the handshake, as far as that is possible without waiting; without TLS there is none.
    public func handshake() -> TransportHandshakeResult {
        #if TLS
            if let session { return session.handshake() }
        #endif
        return .complete
    }

    /// Reads what is there into `buffer` from `offset` to its end, which is not where it begins.
    ///
    /// With TLS it may take more from the socket than it yields; see ``hasBufferedInput``. Not `ahead`, it takes the rest
    /// of one record at most: reading so until nothing is buffered comes to an end, however fast the peer sends.
    public func read(into buffer: inout [UInt8], at offset: Int, ahead: Bool = true) -> TransportReadResult {
        precondition(offset >= 0 && offset < buffer.count, "there is room to read into")
        #if TLS
            if let session { return session.read(into: &buffer, at: offset, ahead: ahead) }
        #endif
        let number = descriptorNumber
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            SystemCall.attempt { unsafe recv(number, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, 0) }
        }
        if count > 0 { return .read(count) }
        if count == 0 { return .endOfStream }
        if -count == Int(EAGAIN) { return .wouldBlock(.wantsRead) }
        return .failed(SystemError(code: Int32(-count), operation: "recv"))
    }

    /// Writes as much of `bytes`, which are not empty, as is taken without waiting. Never raises SIGPIPE, provided
    /// that the process ignores it where TLS is used.
    public func write(_ bytes: Span<UInt8>) -> TransportWriteResult {
        #if TLS
            if let session { return session.write(bytes) }
        #endif
        let number = descriptorNumber
        let count = unsafe bytes.withUnsafeBytes { bytes in
            SystemCall.attempt { unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
        }
        if count == bytes.count { return .writtenCompletely }
        if count >= 0 { return .writtenPartially(count) }
        if -count == Int(EAGAIN) { return .wouldBlock(.wantsWrite) }
        return .failed(SystemError(code: Int32(-count), operation: "send"))
    }

    /// Octets that were written and that the peer's kernel has not taken yet; with TLS as they are on the way.
    public var unacknowledged: Int { Int(nectar_unacknowledged(descriptorNumber)) }

    /// Tells the peer, with TLS, that nothing more comes (`close_notify`), as far as that is possible without waiting;
    /// for a peer that has ended its side, and a connection that is closed next.
    public func sayGoodbye() {
        #if TLS
            session?.sendCloseNotify()
        #endif
    }

    /// Tells the peer that nothing more comes (`close_notify` first, then FIN), as far as that is possible without
    /// waiting. Reading goes on.
    public func shutdownWriting() {
        sayGoodbye()
        _ = shutdown(descriptorNumber, Int32(SHUT_WR))
    }

    /// Closes the connection; harmless when repeated.
    public func close() {
        descriptorNumber = -1
        descriptor = nil
    }
}
