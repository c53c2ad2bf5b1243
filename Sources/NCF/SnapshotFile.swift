internal import Glibc

/// The system calls behind the model directory: whole files appear or do not, across crashes and between processes.
enum SnapshotFile {
    /// Opens close-on-exec; a symbolic link is followed to a directory, never to a file. What is made is for its owner alone: models
    /// are about people.
    static func open(_ path: String, _ flags: Int32) throws(SnapshotFileError) -> Int32 {
        let follow = flags & O_DIRECTORY == 0 ? O_NOFOLLOW : 0
        while true {
            let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC | follow, 0o600)
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
        let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36))\(temporarySuffix)"
        let descriptor = try open(temporary, O_WRONLY | O_CREAT | O_EXCL)
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
