import CLinux
import Glibc

/// A connection without encryption.
public final class PlainTransport: Transport {
    private var descriptor: FileDescriptor?

    /// Takes over a connected, non-blocking socket.
    public init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = consume descriptor
    }

    /// The socket's number, or -1 once closed.
    public var descriptorNumber: Int32 {
        switch descriptor {
        case .some(let open): open.number
        case .none: -1
        }
    }

    /// Always false: what the kernel holds, the event loop sees.
    public var hasBufferedInput: Bool { false }

    /// Receives once.
    public func read(into buffer: inout [UInt8], at offset: Int) -> TransportReadResult {
        precondition(offset >= 0 && offset < buffer.count, "there is room to read into")
        let number = descriptorNumber
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            SystemCall.attempt { unsafe recv(number, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, 0) }
        }
        if count > 0 { return .read(count) }
        if count == 0 { return .endOfStream }
        if -count == Int(EAGAIN) { return .wouldBlock(.wantsRead) }
        return .failed(SystemError(code: Int32(-count), operation: "recv"))
    }

    /// Sends once, without ever raising SIGPIPE.
    public func write(_ bytes: Span<UInt8>) -> TransportWriteResult {
        let number = descriptorNumber
        let count = unsafe bytes.withUnsafeBytes { bytes in
            SystemCall.attempt { unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
        }
        if count == bytes.count { return .writtenCompletely }
        if count >= 0 { return .writtenPartially(count) }
        if -count == Int(EAGAIN) { return .wouldBlock(.wantsWrite) }
        return .failed(SystemError(code: Int32(-count), operation: "send"))
    }

    /// Sends FIN.
    public func shutdownWriting() {
        _ = shutdown(descriptorNumber, Int32(SHUT_WR))
    }

    /// Closes the socket.
    public func close() {
        descriptor = nil
    }
}
