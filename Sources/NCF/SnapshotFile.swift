internal import Glibc

/// Why a file of the model directory was refused or could not be written, as a sentence that names the file.
public struct SnapshotFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or directory it is about.
    public var path: String
    /// What is wrong, and where in the file.
    public var reason: String

    init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// For a system call that failed with the current `errno`.
    init(path: String, failed operation: String) {
        let code = errno
        self.init(path: path, reason: "\(operation) failed: \(unsafe String(cString: strerror(code))) (errno \(code))")
    }

    /// The path and the reason.
    public var description: String { "\(path): \(reason)" }
}

/// A file mapped read-only; its pages are read when first touched, and shared between processes.
///
/// Snapshots are never written in place, only renamed into position and unlinked, so the mapping cannot change or shrink
/// under a reader.
@safe
final class MappedFile: Sendable {
    let path: String
    // Mapped in init, unmapped in deinit, never written to.
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    init(path: String) throws(SnapshotFileError) {
        self.path = path
        let descriptor = try SnapshotFile.open(path, O_RDONLY)
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SnapshotFileError(path: path, failed: "fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SnapshotFileError(path: path, reason: "it is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw SnapshotFileError(path: path, reason: "the file is empty") }
        guard let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), unsafe address != MAP_FAILED
        else { throw SnapshotFileError(path: path, failed: "mmap") }
        unsafe bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}

/// The system calls behind the model directory: whole files appear or do not, across crashes and between processes.
enum SnapshotFile {
    /// Opens close-on-exec, without following a symbolic link.
    static func open(_ path: String, _ flags: Int32) throws(SnapshotFileError) -> Int32 {
        while true {
            let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o644)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw SnapshotFileError(path: path, failed: "open") }
        }
    }

    /// Writes all of `bytes`, however the system cuts it.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws(SnapshotFileError) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SnapshotFileError(path: path, failed: "write") }
            unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Makes `path` appear with what `body` writes, on stable storage: a temporary file beside it, written, fsynced and
    /// renamed (`replacing`) or linked (else, failing where `path` exists), then the directory is fsynced.
    static func create(
        _ path: String, replacing: Bool, _ body: (Int32) throws(SnapshotFileError) -> Void
    ) throws(SnapshotFileError) {
        let (temporary, descriptor) = try openTemporary(beside: path)
        defer {
            unsafe unlink(temporary)
            close(descriptor)
        }
        try body(descriptor)
        guard fsync(descriptor) == 0 else { throw SnapshotFileError(path: temporary, failed: "fsync") }
        if replacing {
            guard unsafe rename(temporary, path) == 0 else { throw SnapshotFileError(path: path, failed: "rename") }
        } else {
            guard unsafe link(temporary, path) == 0 else { throw SnapshotFileError(path: path, failed: "link") }
        }
        try syncDirectory(of: path)
    }

    /// A new file under a random name, locked while it is being written, so that ``isAbandoned(_:)`` can tell it from
    /// what a crash left behind, whichever process wrote it.
    private static func openTemporary(
        beside path: String
    ) throws(SnapshotFileError) -> (path: String, descriptor: Int32) {
        while true {
            let name = String(UInt64.random(in: .min ... .max), radix: 36)
            let temporary = "\(path).\(name)\(temporarySuffix)"
            let descriptor = try open(temporary, O_WRONLY | O_CREAT | O_EXCL)
            var status = stat()
            // A cleaner may have looked at the file between its creation and its lock, and removed it.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, unsafe fstat(descriptor, &status) == 0, status.st_nlink == 1 {
                return (temporary, descriptor)
            }
            close(descriptor)
        }
    }

    /// Whether nobody is writing the temporary file at `path` any more.
    static func isAbandoned(_ path: String) -> Bool {
        guard let descriptor = try? open(path, O_RDONLY) else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    /// How a file that is still being written ends its name.
    static let temporarySuffix = ".writing"

    /// Makes what was renamed, linked or unlinked beside `path` survive a power loss.
    static func syncDirectory(of path: String) throws(SnapshotFileError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = try open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SnapshotFileError(path: directory, failed: "fsync") }
    }
}
