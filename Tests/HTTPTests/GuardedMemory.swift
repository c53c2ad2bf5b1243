import Glibc

/// Memory whose last octet lies right before a page that nobody may touch: a read past the end stops the test.
///
/// A span checks its bounds as well, but not in what it hands to C or reads unchecked.
@safe final class GuardedMemory {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private let pageSize: Int

    init(capacity wanted: Int) {
        pageSize = sysconf(Int32(_SC_PAGESIZE))
        capacity = (wanted + pageSize - 1) / pageSize * pageSize
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let mapped = unsafe mmap(nil, capacity + pageSize, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { fatalError("no memory to guard") }
        unsafe base = mapped
        guard unsafe mprotect(base + capacity, pageSize, PROT_NONE) == 0 else { fatalError("no guard page") }
    }

    deinit {
        unsafe munmap(base, capacity + pageSize)
    }

    /// Lends a copy of the octets that ends at the guard page.
    func lend<Result, Failure: Error>(
        _ octets: [UInt8],
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(octets.count <= capacity)
        let start = unsafe (base + (capacity - octets.count)).assumingMemoryBound(to: UInt8.self)
        for index in octets.indices { unsafe start[index] = octets[index] }
        let copy = unsafe UnsafeBufferPointer(start: start, count: octets.count)
        return try unsafe body(copy.span)
    }
}
