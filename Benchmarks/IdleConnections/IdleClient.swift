import Glibc

#if TLS
    import COpenSSL
#endif

/// Makes connections on each of which one request has been answered, and keeps of each only its descriptor: what a TLS
/// client remembers is forgotten, so that all that grows is the server's.
@safe
final class IdleClient {
    private let port: UInt16
    #if TLS
        private let context: OpaquePointer?
    #endif
    private static let request = Array(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n".utf8)

    init(port: UInt16, isSecured: Bool) {
        self.port = port
        #if TLS
            unsafe context = isSecured ? SSL_CTX_new(TLS_client_method()) : nil
        #else
            precondition(!isSecured, "this program was built without TLS")
        #endif
    }

    /// Connects, has one request answered and leaves the connection open.
    func exchange() -> Int32 {
        let client = connectSocket()
        var answer = [UInt8](repeating: 0, count: 4096)
        #if TLS
            if let context = unsafe context {
                let session = unsafe SSL_new(context)
                unsafe SSL_set_fd(session, client)
                precondition(unsafe SSL_connect(session) == 1, "a handshake")
                unsafe _ = SSL_write(session, Self.request, Int32(Self.request.count))
                let received = unsafe SSL_read(session, &answer, Int32(answer.count))
                precondition(received > 200, "an answer came")
                unsafe SSL_free(session)
                return client
            }
        #endif
        unsafe _ = send(client, Self.request, Self.request.count, 0)
        let received = unsafe recv(client, &answer, answer.count, 0)
        precondition(received > 200, "an answer came")
        return client
    }

    private func connectSocket() -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(status == 0, "connect: errno \(errno)")
        return client
    }
}
