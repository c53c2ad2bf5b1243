import Glibc

/// Whom connections from one client are counted by: an IPv4 address, or the /64 network of an IPv6 one, all of which
/// usually is one customer's.
public struct ClientAddress: Hashable, Sendable {
    private let bits: UInt64

    /// The client at this address, as `accept` tells it; nil for other families than these two.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        let isIPv4 = storage.ss_family == sa_family_t(AF_INET)
        guard isIPv4 || storage.ss_family == sa_family_t(AF_INET6) else { return nil }
        // The address stands at byte 4 in `sockaddr_in` and at byte 8 in `sockaddr_in6`; both are within the storage.
        bits = unsafe withUnsafeBytes(of: &storage) { bytes in
            unsafe isIPv4
                ? UInt64(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                : bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        }
    }
}
