import Glibc

/// A blocking TCP client on loopback that sends the bytes it is told to, however wrong.
///
/// Every wait for the other side ends after 20 seconds with what has come so far, so that a broken server fails a test
/// rather than hanging it.
public final class RawClient: @unchecked Sendable {
    // Unchecked: the number is set once, and the kernel orders what several threads do with it.
    private let descriptor: Int32
    private var isClosed = false
    private var unread: [UInt8] = []

    /// The connection could not be made.
    public struct ConnectFailed: Error {
        /// What `errno` held.
        public let code: Int32
    }

    /// Connects to `host` (a numeric address). A small `receiveBuffer` makes a slow reader of it.
    public convenience init(host: String = "127.0.0.1", port: UInt16, receiveBuffer: Int32? = nil) throws {
        let socket = Self.makeSocket(isIPv6: host.contains(":"))
        try self.init(socket: socket, host: host, port: port, receiveBuffer: receiveBuffer)
    }

    /// A socket to connect later, for a test in which there will be no number left for one.
    public static func makeSocket(isIPv6: Bool = false) -> Int32 {
        socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    /// Connects a socket of ``makeSocket(isIPv6:)``, whose owner it becomes.
    public init(socket: Int32, host: String = "127.0.0.1", port: UInt16, receiveBuffer: Int32? = nil) throws {
        let isIPv6 = host.contains(":")
        descriptor = socket
        if var size = receiveBuffer {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
        }
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let status = isIPv6 ? Self.connectIPv6(descriptor, host, port) : Self.connectIPv4(descriptor, host, port)
        guard status == 0 else {
            let code = errno
            Glibc.close(descriptor)
            isClosed = true
            throw ConnectFailed(code: code)
        }
    }

    deinit { close() }

    /// Sends all of `text`; whether all of it was taken.
    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Sends all of `bytes`; whether all of it was taken.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Sends without waiting; how many bytes were taken, 0 when none fit.
    public func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        max(0, unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)))
    }

    /// Waits for some bytes, once; empty at the end of the stream or when the connection broke.
    public func read(atMost limit: Int = 65_536) -> [UInt8] {
        if !unread.isEmpty {
            let bytes = Array(unread.prefix(limit))
            unread.removeFirst(bytes.count)
            return bytes
        }
        return receive(limit)
    }

    /// Everything up to the end of the stream.
    public func readToEnd() -> [UInt8] {
        var all = unread
        unread = []
        while true {
            let bytes = receive(65_536)
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    /// Everything up to and including `mark`; what follows is kept for the next read. All there is if the stream ends first.
    public func read(through mark: String) -> String {
        let mark = Array(mark.utf8)
        var all = unread
        unread = []
        while true {
            if let end = Self.end(of: mark, in: all) {
                unread = Array(all[end...])
                return String(decoding: all[..<end], as: UTF8.self)
            }
            let bytes = receive(65_536)
            if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
    }

    /// Exactly `count` bytes, or fewer if the stream ends first.
    public func read(exactly count: Int) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let bytes = read(atMost: count - all.count)
            if bytes.isEmpty { break }
            all += bytes
        }
        return all
    }

    /// One response with a Content-Length or without content: the head as text, and the content.
    public func readResponse(headOnly: Bool = false) -> (head: String, content: [UInt8]) {
        let head = read(through: "\r\n\r\n")
        guard !headOnly else { return (head, []) }
        let field = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        let length = field.flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
        return (head, read(exactly: length))
    }

    /// Whether the server has ended the connection in good order, after which nothing more comes.
    public func isAtEnd() -> Bool { read().isEmpty }

    /// Sends FIN; reading goes on.
    public func shutdownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset rather than in good order.
    public func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Closes the connection; harmless when repeated.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }

    /// The port a bound IPv4 socket has.
    public static func localPort(of descriptor: Int32) -> UInt16? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return status == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }

    private func receive(_ limit: Int) -> [UInt8] {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = unsafe max(0, recv(descriptor, buffer.baseAddress, limit, 0))
        }
        return bytes
    }

    private static func end(of mark: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= mark.count else { return nil }
        return (0...(bytes.count - mark.count)).first { bytes[$0..<($0 + mark.count)].elementsEqual(mark) }
            .map { $0 + mark.count }
    }

    private static func connectIPv4(_ descriptor: Int32, _ host: String, _ port: UInt16) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        unsafe inet_pton(AF_INET, host, &address.sin_addr)
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func connectIPv6(_ descriptor: Int32, _ host: String, _ port: UInt16) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        unsafe inet_pton(AF_INET6, host, &address.sin6_addr)
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }
}
