#if TLS
    import COpenSSL
    import Glibc

    /// A blocking TLS client on loopback; every wait ends after 20 seconds.
    ///
    /// It does not verify the server: the tests compare what the server has shown.
    @safe
    final class TLSClient {
        struct Settings {
            var hostName: String?
            var protocols: [String] = []
            var version: Int32 = TLS1_3_VERSION
            /// Those of TLS 1.3 by their names, the best first.
            var cipherSuites = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]
            /// A folder with the certificate to show.
            var identity: TestCertificate?
            var resuming: Session?
        }

        /// What a later connection can resume.
        @safe
        final class Session {
            fileprivate let pointer: OpaquePointer
            fileprivate init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }
            deinit { unsafe SSL_SESSION_free(pointer) }
        }

        struct HandshakeFailed: Error {}

        private let descriptor: Int32
        private let context: OpaquePointer
        private let session: OpaquePointer
        private var heldBack: [UInt8] = []

        init(port: UInt16, _ settings: Settings = Settings()) throws {
            descriptor = Self.connect(port)
            unsafe context = try Self.made(SSL_CTX_new(TLS_client_method()))
            unsafe _ = nectar_SSL_CTX_set_min_proto_version(context, settings.version)
            unsafe _ = nectar_SSL_CTX_set_max_proto_version(context, settings.version)
            if let identity = settings.identity {
                unsafe SSL_CTX_use_certificate_chain_file(context, identity.certificate)
                unsafe SSL_CTX_use_PrivateKey_file(context, identity.key, SSL_FILETYPE_PEM)
            }
            unsafe SSL_CTX_set_ciphersuites(context, settings.cipherSuites.joined(separator: ":"))
            unsafe session = try Self.made(SSL_new(context))
            unsafe SSL_set_fd(session, descriptor)
            if let name = settings.hostName { unsafe _ = nectar_SSL_set_host_name(session, name) }
            let offered = settings.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
            if !offered.isEmpty { unsafe _ = SSL_set_alpn_protos(session, offered, UInt32(offered.count)) }
            if let earlier = settings.resuming { unsafe _ = SSL_set_session(session, earlier.pointer) }
            guard unsafe SSL_connect(session) == 1 else { throw HandshakeFailed() }
        }

        deinit {
            unsafe SSL_free(session)
            unsafe SSL_CTX_free(context)
            close(descriptor)
        }

        /// What the client has to keep for resuming; with TLS 1.3 it comes with the first answer.
        var resumable: Session? { unsafe SSL_get1_session(session).map { unsafe Session($0) } }
        var isResumed: Bool { unsafe SSL_session_reused(session) == 1 }

        var chosenProtocol: String {
            var name: UnsafePointer<UInt8>?
            var length: UInt32 = 0
            unsafe SSL_get0_alpn_selected(session, &name, &length)
            return unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
        }

        var chosenCipherSuite: String {
            unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(session)))
        }

        /// Whether the server has shown a certificate for this host.
        func isFor(_ host: String) -> Bool {
            unsafe X509_check_host(SSL_get0_peer_certificate(session), host, 0, 0, nil) == 1
        }

        @discardableResult
        func send(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return unsafe SSL_write(session, bytes, Int32(bytes.count)) == bytes.count
        }

        /// One response with a Content-Length; empty when the connection ended.
        func readResponse() -> (head: String, content: [UInt8]) {
            var bytes: [UInt8] = []
            let mark = Array("\r\n\r\n".utf8)
            while !bytes.suffix(4).elementsEqual(mark) {
                let next = read(1)
                if next.isEmpty { return (String(decoding: bytes, as: UTF8.self), []) }
                bytes += next
            }
            let head = String(decoding: bytes, as: UTF8.self)
            let length = head.field("Content-Length").flatMap { Int($0) } ?? 0
            var content: [UInt8] = []
            while content.count < length {
                let next = read(length - content.count)
                if next.isEmpty { break }
                content += next
            }
            return (head, content)
        }

        func get(_ path: String) -> (head: String, content: String) {
            send("GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
            let (head, content) = readResponse()
            return (head, String(decoding: content, as: UTF8.self))
        }

        /// Sends each text in a record of its own, and all of them at once, so that the server finds them together;
        /// the last `count` octets are held back.
        func sendTogether(_ texts: [String], holdingBack count: Int = 0) {
            let memory = unsafe BIO_new(BIO_s_mem())
            unsafe BIO_up_ref(memory)
            unsafe SSL_set0_wbio(session, memory)
            for text in texts { send(text) }
            var records = [UInt8](repeating: 0, count: 1 << 20)
            let length = unsafe Int(BIO_read(memory, &records, Int32(records.count)))
            unsafe _ = BIO_free(memory)
            unsafe SSL_set0_wbio(session, BIO_new_socket(descriptor, BIO_NOCLOSE))
            heldBack = Array(records[(length - count)..<length])
            unsafe _ = Glibc.send(descriptor, records, length - count, Int32(MSG_NOSIGNAL))
        }

        /// Sends what was held back.
        func sendRest() {
            sendRaw(heldBack)
        }

        /// Sends octets past the session.
        func sendRaw(_ octets: [UInt8]) {
            unsafe _ = Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL))
        }

        /// Says `close_notify`, and can read on.
        func sayGoodbye() { unsafe _ = SSL_shutdown(session) }

        /// Whether the server has said `close_notify`, rather than just gone.
        func endsInGoodOrder() -> Bool {
            var byte: UInt8 = 0
            let result = unsafe SSL_read(session, &byte, 1)
            return unsafe result <= 0 && SSL_get_error(session, result) == SSL_ERROR_ZERO_RETURN
        }

        private func read(_ limit: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: limit)
            let count = unsafe SSL_read(session, &bytes, Int32(limit))
            return Array(bytes.prefix(max(0, Int(count))))
        }

        private static func made(_ pointer: OpaquePointer?) throws -> OpaquePointer {
            guard let pointer = unsafe pointer else { throw HandshakeFailed() }
            return unsafe pointer
        }

        private static func connect(_ port: UInt16) -> Int32 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var timeout = timeval(tv_sec: 20, tv_usec: 0)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
            unsafe _ = withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return descriptor
        }
    }

    /// A self-signed certificate in a folder of its own, made by `scripts/certificate` and removed in the end.
    final class TestCertificate {
        let folder: String
        var certificate: String { folder + "/certificate.pem" }
        var key: String { folder + "/key.pem" }

        struct ScriptFailed: Error {
            var status: Int32
        }

        init(for names: String...) throws {
            folder = unsafe String(cString: mkdtemp(strdup("/tmp/nectar-tls-XXXXXX")))
            try make(for: names)
        }

        deinit {
            for file in [certificate, key] { unsafe unlink(file) }
            unsafe rmdir(folder)
        }

        /// Replaces the files with new ones.
        func make(for names: [String]) throws {
            let script = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/scripts/certificate"
            let words = [script, "--out", folder] + names
            var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
            defer { unsafe arguments.forEach { unsafe free($0) } }
            var process: pid_t = 0
            let spawned = unsafe posix_spawn(&process, script, nil, nil, &arguments, environ)
            guard spawned == 0 else { throw ScriptFailed(status: spawned) }
            var status: Int32 = 0
            unsafe waitpid(process, &status, 0)
            guard status == 0 else { throw ScriptFailed(status: status) }
        }
    }
#endif
