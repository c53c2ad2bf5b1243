import Glibc
import Networking

/// The right to serve from a data folder, which one process has at a time.
///
/// Commands may work on the store beside a server, but a second server would have a memory of its own of what has just
/// happened, and would publish models over the first one's. The kernel takes the lock back when the process ends, however
/// it ends.
final class ServingLock {
    private let descriptor: FileDescriptor

    /// Takes the right, or throws a ``Fatal`` where another process has it.
    init(folder: String) throws {
        let path = "\(folder)/serving.lock"
        let number = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw Fatal(description: "\(SystemError(code: errno, operation: path))") }
        descriptor = FileDescriptor(owning: number)
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            let error = SystemError(code: errno, operation: path)
            throw Fatal(
                description: error.code == EWOULDBLOCK
                    ? "Another nectar serves from the folder \(folder); a second one needs a folder of its own."
                    : "\(error)")
        }
    }
}
