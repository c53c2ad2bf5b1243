internal import Dispatch

/// Gives memory back to the system on a background queue where that may take long.
///
/// Unmapping hundreds of megabytes takes milliseconds, and the last reference to a retired model may fall on an event
/// loop. Only the bare memory is handed over, not an object: were it an object, whether the queue's reference or the
/// loop's is released last would be a race.
enum RetiredMemory {
    /// What is freed on the spot: below it the allocator keeps the memory, and handing over costs more than freeing.
    static let smallBytes = 1 << 16

    /// Runs `free`, on a background queue if there are more than ``smallBytes`` bytes to it.
    static func retire(byteCount: Int, _ free: @escaping @Sendable () -> Void) {
        if byteCount <= smallBytes {
            free()
        } else {
            DispatchQueue.global(qos: .utility).async(execute: free)
        }
    }
}
