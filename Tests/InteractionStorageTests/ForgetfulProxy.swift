#if PostgreSQL
    import Dispatch
    import Foundation
    import Glibc
    import Locking
    import Testing

    /// Stands between a store and its server, and hangs up instead of handing over the next answer to a commit.
    final class ForgetfulProxy: Sendable {
        /// Where it listens, on the loopback.
        let port: UInt16
        private let listener: Int32
        private let server: UInt16
        private let isForgetful = Lock(false)
        private let forgotten = Lock(0)

        /// How many commits have gone unanswered.
        var forgottenCommits: Int { forgotten.withLock { $0 } }

        init(to server: UInt16) throws {
            self.server = server
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            self.listener = listener
            var address = Self.address(0)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            // An address of its own family is as long as it says.
            let status = unsafe withUnsafeMutablePointer(to: &address) { address in
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe bind(listener, address, length) == 0 && listen(listener, 8) == 0
                        && getsockname(listener, address, &length) == 0
                }
            }
            try #require(status)
            port = UInt16(bigEndian: address.sin_port)
            Thread.detachNewThread { [listener, self] in
                while case let client = accept(listener, nil, nil), client >= 0 { self.serve(client) }
            }
        }

        /// The next commit goes unanswered.
        func forget() { isForgetful.withLock { $0 = true } }

        func close() { shutdown(listener, Int32(SHUT_RDWR)) }

        private static func address(_ port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return address
        }

        private func serve(_ client: Int32) {
            let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(server)
            unsafe withUnsafePointer(to: &address) { address in
                _ = unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe connect(upstream, address, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            let isCommitting = Lock(false)
            Thread.detachNewThread { [self] in
                copy(from: client, to: upstream) { bytes in
                    if bytes.contains(Array("COMMIT\0".utf8)), isForgetful.withLock({ $0 }) {
                        isCommitting.withLock { $0 = true }
                    }
                    return true
                }
            }
            Thread.detachNewThread { [self] in
                copy(from: upstream, to: client) { _ in
                    guard isCommitting.withLock({ $0 }) else { return true }
                    isForgetful.withLock { $0 = false }
                    forgotten.withLock { $0 += 1 }
                    return false
                }
            }
        }

        /// Hands bytes on until either end hangs up, or `isHandedOn` says no; then both ends are hung up.
        private func copy(from source: Int32, to target: Int32, _ isHandedOn: (ArraySlice<UInt8>) -> Bool) {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while case let count = unsafe recv(source, &bytes, bytes.count, 0), count > 0, isHandedOn(bytes[..<count]) {
                _ = unsafe send(target, bytes, count, Int32(MSG_NOSIGNAL))
            }
            for descriptor in [source, target] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
#endif
