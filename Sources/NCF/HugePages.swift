internal import Glibc

/// Memory for tables that are read from end to end.
///
/// With pages of 4 KiB the processor stops fetching ahead at the end of every one, and a table of hundreds of megabytes
/// takes a third longer to read. A request to the kernel, not a demand: where there are no huge pages, nothing changes.
enum HugePages {
    private static let pageBytes = 1 << 21
    /// What is worth rounding up to whole pages.
    static let leastBytes = 4 * pageBytes

    /// Uninitialised memory of `byteCount` bytes on a cache line, which the kernels' loads then do not straddle; large ones
    /// on huge pages. To be freed by `deallocate()`.
    static func allocate(byteCount: Int) -> UnsafeMutableRawBufferPointer {
        guard byteCount >= leastBytes else {
            return UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: pageBytes)
        // Whole pages only: the last one may be shared with what others allocate.
        unsafe madvise(memory.baseAddress, byteCount / pageBytes * pageBytes, MADV_HUGEPAGE)
        return unsafe memory
    }
}
