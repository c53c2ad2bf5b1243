import Glibc
import Networking

/// The right to serve from a data folder, which one process has at a time.
///
/// A second server would have a memory of its own of what has just happened, and would publish models over the first
/// one's; what is imported beside a server would be missing from its memory. Commands that read, or train, may work
/// beside one. The kernel takes the lock back when the process ends, however it ends.
final class ServingLock {
    /// What the folder is locked for.
    enum Use {
        /// By one process alone.
        case serving
        /// Beside other imports: the store has them take turns.
        case importing
    }

    private let descriptor: FileDescriptor

    /// Takes the right, or throws a ``Fatal`` where another process keeps it from that.
    ///
    /// - Parameter isMade: Whether to make the lock where there is none; without it nobody serves.
    init?(folder: String, for use: Use, makingIt isMade: Bool = true) throws {
        let path = "\(folder)/serving.lock"
        let number = unsafe open(path, O_RDWR | O_CLOEXEC | (isMade ? O_CREAT : 0), 0o644)
        if number < 0, errno == ENOENT, !isMade { return nil }
        guard number >= 0 else {
            let error = SystemError(code: errno, operation: path)
            try WritableFolder.check([folder, path])
            throw Fatal(description: "\(error)")
        }
        descriptor = FileDescriptor(owning: number)
        guard flock(number, (use == .serving ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            let error = SystemError(code: errno, operation: path)
            guard error.code == EWOULDBLOCK else { throw Fatal(description: "\(error)") }
            throw Fatal(description: Self.refusal(of: use, in: folder, isServed: flock(number, LOCK_SH | LOCK_NB) != 0))
        }
    }

    /// Whether a process serves from `folder`.
    static func isTaken(_ folder: String) -> Bool {
        do {
            _ = try ServingLock(folder: folder, for: .importing, makingIt: false)
            return false
        } catch {
            return true
        }
    }

    private static func refusal(of use: Use, in folder: String, isServed: Bool) -> String {
        switch use {
        case .serving where isServed:
            "Another nectar serves from the folder \(folder); a second one needs a folder of its own."
        case .serving:
            "A nectar import is at work in the folder \(folder); serve from it when that has ended."
        case .importing:
            "A nectar serves from the folder \(folder) and would not learn of what is imported there. Send it to that one, "
                + "by POST /interactions (JSON, NDJSON or CSV) and POST /items, or import when it has ended."
        }
    }
}
