internal import CSodium
import Glibc

/// What tells whether a file is still what it was: its length and a hash of all its octets (BLAKE2b, RFC 7693, 256 bits).
struct FileDigest: Equatable {
    var byteCount: Int64
    /// In hexadecimal digits.
    var checksum: String

    private static let digestLength = 32
    private static let stateAlignment = 64
    private static let pieceLength = 1 << 20

    /// One that was noted down.
    init(byteCount: Int64, checksum: String) {
        self.byteCount = byteCount
        self.checksum = checksum
    }

    /// Reads the file once.
    init(path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(path, failed: "open") }
        defer { Glibc.close(descriptor) }
        // libsodium's state has no type that Swift knows, only a size and an alignment.
        self = try unsafe withUnsafeTemporaryAllocation(
            byteCount: crypto_generichash_statebytes(), alignment: Self.stateAlignment
        ) { memory in
            guard let start = memory.baseAddress else { preconditionFailure("a state has bytes") }
            return try unsafe Self.read(path, descriptor, OpaquePointer(start))
        }
    }

    private static func read(_ path: String, _ descriptor: Int32, _ state: OpaquePointer) throws -> FileDigest {
        unsafe crypto_generichash_init(state, nil, 0, digestLength)
        var piece = [UInt8](repeating: 0, count: pieceLength)
        var byteCount: Int64 = 0
        while true {
            let count = unsafe Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StoreError(path, failed: "read") }
            if count == 0 { break }
            byteCount += Int64(count)
            unsafe crypto_generichash_update(state, piece, UInt64(count))
        }
        var digest = [UInt8](repeating: 0, count: digestLength)
        unsafe crypto_generichash_final(state, &digest, digest.count)
        return FileDigest(byteCount: byteCount, checksum: digest.map(Self.hexadecimal).joined())
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0\(digits)" : digits
    }
}

extension StoreError {
    /// For a system call on a file that failed with the present `errno`.
    init(_ path: String, failed operation: String) {
        let code = errno
        // strerror gives a text that ends in a NUL and outlives this call.
        let reason = unsafe String(cString: strerror(code))
        self =
            code == ENOSPC || code == EDQUOT
            ? .noSpace("\(path): \(operation)") : .unavailable("\(path): \(operation) failed: \(reason)")
    }
}
