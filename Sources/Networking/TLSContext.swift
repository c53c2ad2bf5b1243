#if TLS
    import COpenSSL
    import Glibc

    /// The certificates and keys as OpenSSL has loaded them; any number of sessions on any thread share one.
    @safe
    // Unchecked: nothing changes after the initialiser, and OpenSSL counts references to its contexts atomically.
    public final class TLSContext: @unchecked Sendable {
        /// An `SSL_CTX`, freed when nobody uses it any more.
        @safe
        private final class Handle {
            let pointer: OpaquePointer

            init() throws(TLSError) {
                OpenSSLErrors.clear()
                guard let pointer = unsafe SSL_CTX_new(TLS_server_method()) else {
                    throw TLSError("OpenSSL cannot be set up: \(OpenSSLErrors.take() ?? "no reason given").")
                }
                unsafe self.pointer = unsafe pointer
            }

            deinit {
                unsafe SSL_CTX_free(pointer)
            }
        }

        /// One for each identity, in their order.
        private let handles: [Handle]
        /// What session tickets are sealed with. A successor that takes them over can resume our sessions.
        private let ticketKeys: [UInt8]
        private static let ticketKeyLength = 80

        /// Loads the files. Sessions of `predecessor` can be resumed, unless clients show certificates, which a
        /// resumption would not look at again.
        public init(_ configuration: TLSConfiguration, after predecessor: TLSContext? = nil) throws(TLSError) {
            precondition(!configuration.identities.isEmpty, "a server has at least one identity")
            var handles: [Handle] = []
            for identity in configuration.identities {
                let handle = try Handle()
                unsafe try Self.load(identity, into: handle.pointer)
                unsafe try Self.configure(handle.pointer, configuration)
                handles.append(handle)
            }
            let isInherited = configuration.clientCertificates == .ignored
            let inherited = isInherited ? predecessor?.ticketKeys : nil
            self.handles = handles
            ticketKeys = unsafe inherited ?? Self.ticketKeys(of: handles[0].pointer)
            for handle in handles { unsafe setTicketKeys(of: handle.pointer) }
            unsafe chooseIdentityByName(handles[0].pointer)
        }

        /// A new session that awaits a client's handshake; the caller frees it.
        func makeSession() throws(TLSError) -> OpaquePointer {
            guard let session = unsafe SSL_new(handles[0].pointer) else {
                throw TLSError("There is no memory for a TLS session: \(OpenSSLErrors.take() ?? "no reason given").")
            }
            unsafe SSL_set_accept_state(session)
            return unsafe session
        }

        // MARK: Making an SSL_CTX

        static func load(_ identity: TLSConfiguration.Identity, into context: OpaquePointer) throws(TLSError) {
            try requireReadable(identity.certificateFile, "certificate")
            guard unsafe SSL_CTX_use_certificate_chain_file(context, identity.certificateFile) == 1 else {
                throw unreadable("certificate", identity.certificateFile)
            }
            try requireReadable(identity.keyFile, "private key")
            // OpenSSL compares the key with the certificate when it loads the later of the two.
            guard unsafe SSL_CTX_use_PrivateKey_file(context, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
                throw unreadable("private key", identity.keyFile)
            }
        }

        private static func configure(
            _ context: OpaquePointer, _ configuration: TLSConfiguration
        ) throws(TLSError) {
            let oldest = configuration.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
            unsafe _ = nectar_SSL_CTX_set_min_proto_version(context, oldest)
            unsafe SSL_CTX_set_options(context, nectar_SSL_OPTIONS)
            unsafe _ = nectar_SSL_CTX_set_mode(context, nectar_SSL_MODES)
            // For TLS 1.2. Forward secrecy and authenticated encryption, or nothing.
            unsafe SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20")
            // Those of 1.3 are all good, so the fastest comes first: the one for AES-256 would have every secret derived
            // with SHA-384, for which processors have no instructions, where they have them for SHA-256.
            unsafe SSL_CTX_set_ciphersuites(
                context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256")
            // Sessions are resumed by tickets, which cost the server no memory. One for a connection is enough: who
            // resumes gets the next, and who has opened several at once has several.
            unsafe _ = nectar_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
            unsafe SSL_CTX_set_num_tickets(context, 1)
            let name = Array("nectar".utf8)
            unsafe SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
            unsafe SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nil)
            unsafe try askForCertificates(context, configuration.clientCertificates)
        }

        private static func askForCertificates(
            _ context: OpaquePointer, _ wanted: TLSConfiguration.ClientCertificates
        ) throws(TLSError) {
            guard let file = wanted.authorityFile else { return }
            try requireReadable(file, "authorities")
            guard unsafe SSL_CTX_load_verify_file(context, file) == 1 else { throw unreadable("authorities", file) }
            // Tells clients whose certificates are of use here; OpenSSL takes the list over.
            let authorities = unsafe SSL_load_client_CA_file(file)
            unsafe SSL_CTX_set_client_CA_list(context, authorities)
            var mode = SSL_VERIFY_PEER
            if case .required = wanted { mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT }
            unsafe SSL_CTX_set_verify(context, mode, nil)
        }

        static func requireReadable(_ file: String, _ what: String) throws(TLSError) {
            guard !file.isEmpty else { throw TLSError("No \(what) file is named.") }
            guard unsafe access(file, R_OK) != 0 else { return }
            let error = SystemError(code: errno, operation: "access")
            throw TLSError("The \(what) file \(file) cannot be read: \(error.reason).")
        }

        static func unreadable(_ what: String, _ file: String) -> TLSError {
            TLSError("The \(what) file \(file) is of no use: \(OpenSSLErrors.take() ?? "no reason given").")
        }

        // MARK: Tickets

        private static func ticketKeys(of context: OpaquePointer) -> [UInt8] {
            var keys = [UInt8](repeating: 0, count: ticketKeyLength)
            unsafe _ = nectar_SSL_CTX_get_ticket_keys(context, &keys, ticketKeyLength)
            return keys
        }

        private func setTicketKeys(of context: OpaquePointer) {
            var keys = ticketKeys
            unsafe _ = nectar_SSL_CTX_set_ticket_keys(context, &keys, keys.count)
        }

        // MARK: What the client asks for

        // `http/1.1` if the client knows it; one that offers only other protocols is refused (RFC 7301, section 3.2).
        private static let chooseProtocol: SSL_CTX_alpn_select_cb_func = {
            _, chosen, chosenLength, offered, length, _ in
            guard let offered = unsafe offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            let wanted: StaticString = "http/1.1"
            var position = 0
            while position < Int(length) {
                let count = unsafe Int(offered[position])
                let name = unsafe offered + position + 1
                position += 1 + count
                guard position <= Int(length), count == wanted.utf8CodeUnitCount else { continue }
                guard unsafe memcmp(name, wanted.utf8Start, count) == 0 else { continue }
                unsafe chosen?.pointee = name
                unsafe chosenLength?.pointee = UInt8(count)
                return SSL_TLSEXT_ERR_OK
            }
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }

        private func chooseIdentityByName(_ context: OpaquePointer) {
            guard handles.count > 1 else { return }
            // Not retained: a session keeps this object, and the callback runs only within its handshake.
            unsafe _ = nectar_SSL_CTX_set_servername_argument(context, Unmanaged.passUnretained(self).toOpaque())
            unsafe _ = nectar_SSL_CTX_set_servername_callback(context) { session, _, argument in
                guard let session = unsafe session, let argument = unsafe argument else { return SSL_TLSEXT_ERR_NOACK }
                let context = unsafe Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
                unsafe context.chooseIdentity(for: session)
                return SSL_TLSEXT_ERR_OK
            }
        }

        private func chooseIdentity(for session: OpaquePointer) {
            guard let name = unsafe SSL_get_servername(session, TLSEXT_NAMETYPE_host_name) else { return }
            let matching = handles.first {
                unsafe X509_check_host(SSL_CTX_get0_certificate($0.pointer), name, 0, 0, nil) == 1
            }
            if let matching { unsafe _ = SSL_set_SSL_CTX(session, matching.pointer) }
        }
    }
#endif
