import CLinux
import Glibc

/// A non-blocking TCP listener that shares its port with its siblings (`SO_REUSEPORT`), one for each event loop.
public struct ListeningSocket: ~Copyable, Sendable {
    /// What became of one attempt to accept.
    public enum Accepted: ~Copyable {
        /// A new connection.
        case connection(Connection)
        /// Nobody is waiting.
        case wouldBlock
        /// The waiting connection was gone before it was taken, or another passing fault; the next one may be fine.
        case transientFailure(SystemError)
        /// This process or this machine is out of descriptors or memory. The connection is still waiting, so
        /// accepting again at once would spin.
        case exhausted(SystemError)
    }

    /// A connection just accepted.
    public struct Connection: ~Copyable {
        /// The socket: non-blocking, closed on exec, without Nagle's delay.
        public let descriptor: FileDescriptor
        /// Who has connected.
        public let client: ClientAddress?

        /// The socket alone.
        public consuming func takeDescriptor() -> FileDescriptor { descriptor }
    }

    private let descriptor: FileDescriptor
    /// The port it listens on, chosen by the kernel if 0 was asked for.
    public let port: UInt16

    /// Binds and listens. The port may be shared with siblings of the same user, whichever process they belong to: of a
    /// server's listeners the first one has to make sure that nobody else is there, see ``refuseIfTaken(_:)``.
    public init(address: SocketAddress, backlog: Int32) throws(SystemError) {
        let descriptor = try Self.makeSocket(for: address)
        let number = descriptor.number
        try Self.enable(SO_REUSEPORT, level: SOL_SOCKET, of: number, "SO_REUSEPORT")
        try Self.setInherited(number)
        try SystemCall.perform("bind") { unsafe address.withSockaddr { unsafe bind(number, $0, $1) } }
        try SystemCall.perform("listen") { listen(number, backlog) }
        port = try Self.boundPort(of: number)
        self.descriptor = descriptor
    }

    /// Takes over a listener that another one has given away (``release()``), with who is waiting in it.
    public init(owning number: Int32) throws(SystemError) {
        descriptor = FileDescriptor(owning: number)
        port = try Self.boundPort(of: number)
    }

    /// Gives the socket away without closing it.
    public consuming func release() -> Int32 { descriptor.release() }

    /// Throws (`EADDRINUSE`) if anybody listens on the address.
    ///
    /// Sharing a port asks nobody: a second server would start without a word, and the kernel would deal the requests out
    /// to both. A socket that does not share cannot be bound beside those that do.
    public static func refuseIfTaken(_ address: SocketAddress) throws(SystemError) {
        let descriptor = try makeSocket(for: address)
        let number = descriptor.number
        try SystemCall.perform("bind") { unsafe address.withSockaddr { unsafe bind(number, $0, $1) } }
    }

    private static func makeSocket(for address: SocketAddress) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = FileDescriptor(
            owning: try SystemCall.perform("socket") { socket(address.domain, type, 0) })
        let number = descriptor.number
        try enable(SO_REUSEADDR, level: SOL_SOCKET, of: number, "SO_REUSEADDR")
        if address.family == .ipv6 {
            // `::` then means IPv6 alone, whatever the machine's default, and both families can share a port.
            try enable(IPV6_V6ONLY, level: Int32(IPPROTO_IPV6), of: number, "IPV6_V6ONLY")
        }
        return descriptor
    }

    /// The number to register with an event loop.
    public var number: Int32 { descriptor.number }

    /// Takes the next waiting connection.
    public borrowing func accept() -> Accepted {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = descriptor.number
        var address = sockaddr_storage()
        let result = unsafe withUnsafeMutablePointer(to: &address) { address in
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            return unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                SystemCall.attempt { unsafe accept4(number, address, &length, flags) }
            }
        }
        if result >= 0 {
            return .connection(
                Connection(descriptor: FileDescriptor(owning: result), client: ClientAddress(address)))
        }
        let error = SystemError(code: -result, operation: "accept4")
        switch error.code {
        case EAGAIN: return .wouldBlock
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(error)
        default: return .transientFailure(error)
        }
    }

    // On Linux an accepted socket has these from its listener, which saves the calls for each.
    private static func setInherited(_ number: Int32) throws(SystemError) {
        let tcp = Int32(IPPROTO_TCP)
        try enable(TCP_NODELAY, level: tcp, of: number, "TCP_NODELAY")
        // A peer that vanished without a word is found out while its answer is awaited (probes), and while it is
        // being sent (octets that nobody acknowledges).
        try enable(SO_KEEPALIVE, level: SOL_SOCKET, of: number, "SO_KEEPALIVE")
        try set(TCP_KEEPIDLE, to: 60, level: tcp, of: number, "TCP_KEEPIDLE")
        try set(TCP_KEEPINTVL, to: 15, level: tcp, of: number, "TCP_KEEPINTVL")
        try set(TCP_KEEPCNT, to: 4, level: tcp, of: number, "TCP_KEEPCNT")
        try set(TCP_USER_TIMEOUT, to: 120_000, level: tcp, of: number, "TCP_USER_TIMEOUT")
    }

    private static func enable(
        _ option: Int32, level: Int32, of number: Int32, _ operation: String
    ) throws(SystemError) {
        try set(option, to: 1, level: level, of: number, operation)
    }

    private static func set(
        _ option: Int32, to value: Int32, level: Int32, of number: Int32, _ operation: String
    ) throws(SystemError) {
        var value = value
        try SystemCall.perform(operation) {
            unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    private static func boundPort(of number: Int32) throws(SystemError) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try SystemCall.perform("getsockname") {
            unsafe withUnsafeMutablePointer(to: &storage) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getsockname(number, $0, &length)
                }
            }
        }
        // The port stands at the same place, in network order, in both address families.
        return unsafe withUnsafeBytes(of: &storage) {
            unsafe UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }
}
