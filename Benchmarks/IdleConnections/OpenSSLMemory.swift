import CLinux
import Glibc
import Synchronization

#if TLS
    import COpenSSL
#endif

/// Counts what OpenSSL takes from the heap, which it asks for through functions that may be replaced.
enum OpenSSLMemory {
    private static let count = Atomic<Int>(0)

    /// The octets that OpenSSL has and has not given back, with what the allocator needs to manage them.
    static var octets: Int { count.load(ordering: .relaxed) }

    #if TLS
        /// To be called before OpenSSL has asked for anything; false when that is too late.
        static func watch() -> Bool {
            unsafe CRYPTO_set_mem_functions(
                { size, _, _ in unsafe OpenSSLMemory.taken(malloc(size)) },
                { old, size, _, _ in
                    let before = unsafe OpenSSLMemory.size(of: old)
                    guard let new = unsafe realloc(old, size) else { return nil }
                    OpenSSLMemory.count.subtract(before, ordering: .relaxed)
                    return unsafe OpenSSLMemory.taken(new)
                },
                { old, _, _ in
                    OpenSSLMemory.count.subtract(unsafe OpenSSLMemory.size(of: old), ordering: .relaxed)
                    unsafe free(old)
                }) == 1
        }

        private static func taken(_ block: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            count.add(unsafe size(of: block), ordering: .relaxed)
            return unsafe block
        }

        // As mallinfo2 counts it: with the word before the block in which glibc keeps its size.
        private static func size(of block: UnsafeMutableRawPointer?) -> Int {
            guard let block = unsafe block else { return 0 }
            return unsafe malloc_usable_size(block) + MemoryLayout<Int>.size
        }
    #endif
}
