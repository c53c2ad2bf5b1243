#if TLS
    import COpenSSL
    import Glibc

    /// The client's end of one TLS connection, over a non-blocking socket that somebody else owns, to a server whose
    /// certificate is known beforehand.
    @safe
    final class TLSClientSession {
        /// Something of OpenSSL's, freed with its last reference.
        @safe
        private final class Handle {
            let pointer: OpaquePointer
            private let free: (OpaquePointer) -> Void

            init(_ pointer: OpaquePointer?, _ free: @escaping (OpaquePointer) -> Void) throws(TLSError) {
                guard let pointer = unsafe pointer else {
                    throw TLSError("OpenSSL cannot be set up: \(OpenSSLErrors.take() ?? "no reason given").")
                }
                unsafe self.pointer = unsafe pointer
                unsafe self.free = unsafe free
            }

            deinit {
                unsafe free(pointer)
            }
        }

        private let certificateFile: String
        private let certificate: Handle
        private let handle: Handle
        private var session: OpaquePointer { unsafe handle.pointer }

        init(_ configuration: TLSClientConfiguration, host: String, descriptor: Int32) throws(TLSError) {
            OpenSSLErrors.clear()
            certificateFile = configuration.certificateFile
            certificate = try Self.certificate(in: configuration.certificateFile)
            let context = unsafe try Handle(SSL_CTX_new(TLS_client_method()), { unsafe SSL_CTX_free($0) })
            unsafe try Self.configure(context.pointer, configuration, trusting: certificate.pointer)
            // It keeps the context itself.
            handle = unsafe try Handle(SSL_new(context.pointer), { unsafe SSL_free($0) })
            unsafe SSL_set_fd(session, descriptor)
            unsafe SSL_set_connect_state(session)
            // Addresses are not sent as names (RFC 6066, section 3).
            if SocketAddress(host: host, port: 0) == nil { unsafe _ = nectar_SSL_set_host_name(session, host) }
        }

        /// Goes on with the handshake.
        func handshake() throws(TLSError) -> ClientConnection.Step<Void> {
            OpenSSLErrors.clear()
            let result = unsafe SSL_do_handshake(session)
            if result == 1 { return .done(()) }
            if let want = want(result) { return .wants(want) }
            if unsafe SSL_get_verify_result(session) == Int(X509_V_ERR_CERT_REJECTED) {
                throw TLSError("The server has shown another certificate than the one in \(certificateFile).")
            }
            throw failure("The TLS handshake failed", "The server ended the connection during the TLS handshake.")
        }

        /// How many of `bytes`, which are not empty, were taken.
        func write(_ bytes: [UInt8]) throws(TLSError) -> ClientConnection.Step<Int> {
            OpenSSLErrors.clear()
            let result = unsafe SSL_write(session, bytes, Int32(clamping: bytes.count))
            if result > 0 { return .done(Int(result)) }
            if let want = want(result) { return .wants(want) }
            // With TLS 1.3 a server refuses a client's certificate only when the client thinks the handshake over. It
            // may be gone before anything is written to it; what it has said of the reason is still there to be read.
            var octet: [UInt8] = [0]
            _ = try read(into: &octet, at: 0)
            throw TLSError("The server ended the connection.")
        }

        /// How many bytes came; 0 at the end.
        func read(into bytes: inout [UInt8], at offset: Int) throws(TLSError) -> ClientConnection.Step<Int> {
            OpenSSLErrors.clear()
            let result = unsafe bytes.withUnsafeMutableBytes { bytes in
                unsafe SSL_read(session, bytes.baseAddress?.advanced(by: offset), Int32(clamping: bytes.count - offset))
            }
            if result > 0 { return .done(Int(result)) }
            if let want = want(result) { return .wants(want) }
            if unsafe SSL_get_error(session, result) == SSL_ERROR_ZERO_RETURN { return .done(0) }
            throw failure("TLS failed", "The server ended the connection.")
        }

        private func want(_ result: Int32) -> TransportWant? {
            switch unsafe SSL_get_error(session, result) {
            case SSL_ERROR_WANT_READ: .wantsRead
            case SSL_ERROR_WANT_WRITE: .wantsWrite
            default: nil
            }
        }

        private func failure(_ what: String, _ otherwise: String) -> TLSError {
            OpenSSLErrors.take().map { TLSError("\(what): \($0).") } ?? TLSError(otherwise)
        }

        // MARK: Making an SSL_CTX

        private static func configure(
            _ context: OpaquePointer, _ configuration: TLSClientConfiguration, trusting certificate: OpaquePointer
        ) throws(TLSError) {
            unsafe _ = nectar_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
            let protocols = [8] + Array("http/1.1".utf8)
            unsafe SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
            if let identity = configuration.identity { unsafe try TLSContext.load(identity, into: context) }
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            // In place of OpenSSL's own verification, by which a certificate of an authority is not trusted by itself.
            // The handshake proves that the server has the key.
            unsafe SSL_CTX_set_cert_verify_callback(
                context,
                { verification, certificate in
                    let shown = unsafe X509_STORE_CTX_get0_cert(verification)
                    let certificate = OpaquePointer(certificate)
                    if unsafe shown != nil, unsafe X509_cmp(shown, certificate) == 0 { return 1 }
                    unsafe X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_REJECTED)
                    return 0
                }, UnsafeMutableRawPointer(certificate))
        }

        private static func certificate(in file: String) throws(TLSError) -> Handle {
            try TLSContext.requireReadable(file, "certificate")
            guard let source = unsafe BIO_new_file(file, "r") else { throw TLSContext.unreadable("certificate", file) }
            defer { unsafe _ = BIO_free(source) }
            guard let certificate = unsafe PEM_read_bio_X509(source, nil, nil, nil) else {
                throw TLSContext.unreadable("certificate", file)
            }
            return unsafe try Handle(certificate, { unsafe X509_free($0) })
        }
    }
#endif
