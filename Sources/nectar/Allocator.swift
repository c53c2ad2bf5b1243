import CLinux

/// How glibc's allocator keeps what is freed (mallopt(3)).
enum Allocator {
    /// From here on, a block is the system's own and goes back to it when it is freed.
    private static let largeBlockBytes: Int32 = 256 << 10
    /// What may lie free at a heap's end.
    private static let spareBytes: Int32 = 1 << 20

    /// Has large blocks given back when they are freed. Left alone, the allocator takes the largest block freed so far for
    /// usual, up to 32 MiB, and keeps all up to that size in the heaps of its threads: after bodies of 16 MiB for good.
    static func giveBackLargeBlocks() {
        _ = mallopt(M_MMAP_THRESHOLD, largeBlockBytes)
        _ = mallopt(M_TRIM_THRESHOLD, spareBytes)
    }
}
