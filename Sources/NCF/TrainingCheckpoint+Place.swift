internal import Glibc

extension Trainer {
    /// Whether a training may leave its checkpoint at `path`: where there is nothing, in a folder that can be written to, or
    /// in the place of a checkpoint or of an empty file. Whatever else is there is somebody's, and is not replaced.
    ///
    /// - Throws: ``TrainingError/checkpoint(_:)``, with what is in the way.
    public static func checkCheckpoint(at path: String) throws(TrainingError) {
        guard !path.isEmpty else { throw .checkpoint("its path is empty") }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .checkpoint(SnapshotFileError(path: path, failed: "lstat").description) }
            return try checkFolder(of: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .checkpoint("\(path): there is something that is no file")
        }
        guard status.st_size == 0 || TrainingCheckpoint.isOne(path) else {
            throw .checkpoint("\(path): there is a file that is no checkpoint; name another, or remove it")
        }
        try checkFolder(of: path)
    }

    private static func checkFolder(of path: String) throws(TrainingError) {
        let end = path.lastIndex(of: "/")
        let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard unsafe access(folder, W_OK | X_OK) == 0 else {
            throw .checkpoint(SnapshotFileError(path: path, failed: "writing into \(folder)").description)
        }
        guard end.map({ path.index(after: $0) != path.endIndex }) ?? true else {
            throw .checkpoint("\(path): that is a folder's name")
        }
    }
}

extension TrainingCheckpoint {
    /// As much of a file as says what it is.
    private static let headBytes = 64 << 10

    /// Whether the file says that it is a checkpoint, be it whole or damaged.
    static func isOne(_ path: String) -> Bool {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var head = [UInt8](repeating: 0, count: headBytes)
        let count = unsafe Glibc.read(descriptor, &head, head.count)
        guard count > 0 else { return false }
        return String(decoding: head.prefix(count), as: UTF8.self).contains("\"nectar\":\"\(format)\"")
    }
}
