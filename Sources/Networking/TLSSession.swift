#if TLS
    import COpenSSL
    import Glibc

    /// The server's end of one TLS connection, over a non-blocking socket that somebody else owns and closes.
    ///
    /// OpenSSL reads and writes the socket itself: the loop is level-triggered and asks again, and with buffers of our
    /// own in between (memory BIOs) every octet would be copied once more. It keeps at most one record of 16 KiB in each
    /// direction, and none while the connection rests. What it reads ahead no readiness tells of.
    @safe
    final class TLSSession {
        private let session: OpaquePointer
        // Its callbacks use it during the handshake.
        private let context: TLSContext
        private var isBroken = false
        private var readsAhead = false
        private var awaitsReadiness = false

        init(context: TLSContext, descriptor: Int32) throws(TLSError) {
            unsafe session = try context.makeSession()
            self.context = context
            unsafe SSL_set_fd(session, descriptor)
        }

        deinit {
            unsafe SSL_free(session)
        }

        /// Whether there may be something to read before the socket is readable: false once a read has found that what
        /// is here of a record is not all of it.
        var hasBufferedInput: Bool { unsafe !awaitsReadiness && SSL_has_pending(session) == 1 }

        func handshake() -> TransportHandshakeResult {
            OpenSSLErrors.clear()
            readAhead(true)
            let result = unsafe SSL_do_handshake(session)
            if result == 1 { return .complete }
            if let want = unsafe want(SSL_get_error(session, result)) { return .wouldBlock(want) }
            isBroken = true
            if let reason = OpenSSLErrors.take() { return .failed("The TLS handshake failed: \(reason).") }
            return .failed("The client ended the connection during the TLS handshake.")
        }

        /// Reads from one record. With `ahead` one system call takes all that the socket has, up to a record's size,
        /// rather than a record's head and then its rest; without, only what is missing of the first record.
        func read(into buffer: inout [UInt8], at offset: Int, ahead: Bool) -> TransportReadResult {
            OpenSSLErrors.clear()
            readAhead(ahead)
            let result = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe SSL_read(
                    session, bytes.baseAddress?.advanced(by: offset), Int32(clamping: bytes.count - offset))
            }
            awaitsReadiness = result <= 0
            if result > 0 { return .read(Int(result)) }
            let error = unsafe SSL_get_error(session, result)
            if let want = want(error) { return .wouldBlock(want) }
            if error == SSL_ERROR_ZERO_RETURN { return .endOfStream }
            isBroken = true
            return .failed(SystemError(code: errno == 0 ? EPROTO : errno, operation: "SSL_read"))
        }

        func write(_ bytes: Span<UInt8>) -> TransportWriteResult {
            OpenSSLErrors.clear()
            let result = unsafe bytes.withUnsafeBytes { bytes in
                unsafe SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
            }
            if result == bytes.count { return .writtenCompletely }
            if result > 0 { return .writtenPartially(Int(result)) }
            if let want = unsafe want(SSL_get_error(session, result)) { return .wouldBlock(want) }
            isBroken = true
            return .failed(SystemError(code: errno == 0 ? EPROTO : errno, operation: "SSL_write"))
        }

        // Not repeated if there is no room: whoever has not taken the answer has no use for its end either.
        func sendCloseNotify() {
            guard !isBroken, unsafe SSL_is_init_finished(session) == 1 else { return }
            OpenSSLErrors.clear()
            unsafe _ = SSL_shutdown(session)
        }

        private func readAhead(_ wanted: Bool) {
            guard wanted != readsAhead else { return }
            readsAhead = wanted
            unsafe SSL_set_read_ahead(session, wanted ? 1 : 0)
        }

        private func want(_ error: Int32) -> TransportWant? {
            switch error {
            case SSL_ERROR_WANT_READ: .wantsRead
            case SSL_ERROR_WANT_WRITE: .wantsWrite
            default: nil
            }
        }
    }
#endif
