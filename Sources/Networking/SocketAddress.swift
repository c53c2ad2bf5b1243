import CLinux
import Glibc

/// An IPv4 or IPv6 address with a port.
public struct SocketAddress: Equatable, Sendable, CustomStringConvertible {
    /// The two kinds of address.
    public enum Family: Equatable, Sendable {
        /// Four bytes, `127.0.0.1`.
        case ipv4
        /// Sixteen bytes, `::1`.
        case ipv6
    }

    /// Which kind of address it is.
    public let family: Family
    /// The address in network order: 4 or 16 bytes.
    public let bytes: [UInt8]
    /// The TCP port; 0 asks the kernel to choose.
    public var port: UInt16

    /// Reads a numeric address, or `localhost`; names are not looked up. Nil when it is neither.
    public init?(host: String, port: UInt16) {
        self.port = port
        let text = host == "localhost" ? "127.0.0.1" : host
        if let bytes = Self.parse(text, family: AF_INET, length: 4) {
            (family, self.bytes) = (.ipv4, bytes)
        } else if let bytes = Self.parse(text, family: AF_INET6, length: 16) {
            (family, self.bytes) = (.ipv6, bytes)
        } else {
            return nil
        }
    }

    private static func parse(_ text: String, family: Int32, length: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: length)
        let status = unsafe bytes.withUnsafeMutableBytes { unsafe inet_pton(family, text, $0.baseAddress) }
        return status == 1 ? bytes : nil
    }

    /// The address and port as a URL writes them: `127.0.0.1:80`, `[::1]:80`.
    public var description: String {
        switch family {
        case .ipv4:
            return bytes.map { String($0) }.joined(separator: ".") + ":\(port)"
        case .ipv6:
            let groups = stride(from: 0, to: 16, by: 2).map {
                String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
            }
            return "[" + groups.joined(separator: ":") + "]:\(port)"
        }
    }

    var domain: Int32 { family == .ipv4 ? AF_INET : AF_INET6 }

    /// Hands the address to a system call in the shape it expects.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch family {
        case .ipv4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: bytes) }
            return unsafe Self.rebind(&address, body)
        case .ipv6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: bytes) }
            return unsafe Self.rebind(&address, body)
        }
    }

    // Every socket address begins with the members of `sockaddr`; the kernel reads the length it is given.
    private static func rebind<Address, Result>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
