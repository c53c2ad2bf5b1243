import CLinux
import Glibc

/// A non-blocking TCP listener that shares its port with its siblings (`SO_REUSEPORT`), one for each event loop.
public struct ListeningSocket: ~Copyable, Sendable {
    /// What became of one attempt to accept.
    public enum Accepted: ~Copyable {
        /// A new connection: non-blocking, closed on exec, without Nagle's delay.
        case connection(FileDescriptor)
        /// Nobody is waiting.
        case wouldBlock
        /// The waiting connection was gone before it was taken, or another passing fault; the next one may be fine.
        case transientFailure(SystemError)
        /// This process or this machine is out of descriptors or memory. The connection is still waiting, so
        /// accepting again at once would spin.
        case exhausted(SystemError)
    }

    private let descriptor: FileDescriptor
    /// The port it listens on, chosen by the kernel if 0 was asked for.
    public let port: UInt16

    /// Binds and listens.
    public init(address: SocketAddress, backlog: Int32) throws(SystemError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = FileDescriptor(
            owning: try SystemCall.perform("socket") { socket(address.domain, type, 0) })
        let number = descriptor.number
        try Self.enable(SO_REUSEADDR, level: SOL_SOCKET, of: number, "SO_REUSEADDR")
        try Self.enable(SO_REUSEPORT, level: SOL_SOCKET, of: number, "SO_REUSEPORT")
        if address.family == .ipv6 {
            // `::` then means IPv6 alone, whatever the machine's default, and both families can share a port.
            try Self.enable(IPV6_V6ONLY, level: Int32(IPPROTO_IPV6), of: number, "IPV6_V6ONLY")
        }
        try SystemCall.perform("bind") { unsafe address.withSockaddr { unsafe bind(number, $0, $1) } }
        try SystemCall.perform("listen") { listen(number, backlog) }
        port = try Self.boundPort(of: number)
        self.descriptor = descriptor
    }

    /// The number to register with an event loop.
    public var number: Int32 { descriptor.number }

    /// Takes the next waiting connection.
    public borrowing func accept() -> Accepted {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = descriptor.number
        let result = SystemCall.attempt { accept4(number, nil, nil, flags) }
        if result >= 0 {
            // Best effort: the connection may be reset already, which its first read will tell.
            try? Self.enable(TCP_NODELAY, level: Int32(IPPROTO_TCP), of: result, "TCP_NODELAY")
            return .connection(FileDescriptor(owning: result))
        }
        let error = SystemError(code: -result, operation: "accept4")
        switch error.code {
        case EAGAIN: return .wouldBlock
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(error)
        default: return .transientFailure(error)
        }
    }

    private static func enable(
        _ option: Int32, level: Int32, of number: Int32, _ operation: String
    ) throws(SystemError) {
        var on: Int32 = 1
        try SystemCall.perform(operation) {
            unsafe setsockopt(number, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
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
