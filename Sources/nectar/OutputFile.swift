import Glibc
import Networking

/// A file being written, under a temporary name until it is whole; one that never is leaves nothing behind.
///
/// Where the path leads to something else (a terminal, a pipe, a device) that is written to as it is, and a link stays a link:
/// what it leads to is replaced. What is open already, such as `/dev/stderr`, is added to, be it a file or not.
struct OutputFile: ~Copyable {
    /// Links that are followed.
    private static let linkLimit = 40

    private let path: String
    /// What the whole file gets its name by; the same as `writtenPath` where it is no file.
    private let finalPath: String
    private let writtenPath: String
    private let descriptor: Int32
    private var isWhole = false

    /// Begins the file at `path`.
    ///
    /// - Throws: A ``Fatal`` that names the file, as all that follows.
    init(_ path: String) throws(Fatal) {
        // In a variable of its own: an autoclosure that reads a property of a value not yet whole releases it by a register
        // that was never set, when optimised (Swift 6.3).
        let finalPath = Self.followed(path)
        let isReplaced = !Self.isOpen(finalPath) && Self.isReplaced(finalPath)
        self.path = path
        self.finalPath = finalPath
        // A name that nothing has: what is called so may be what is being read.
        writtenPath =
            isReplaced ? "\(finalPath).partial-\(String(UInt64.random(in: .min ... .max), radix: 36))" : finalPath
        let flags = isReplaced ? O_CREAT | O_EXCL : O_APPEND
        descriptor = unsafe open(writtenPath, O_WRONLY | O_CLOEXEC | flags, 0o644)
        guard descriptor >= 0 else {
            isWhole = true
            throw failure()
        }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
        if !isWhole, writtenPath != finalPath { unsafe unlink(writtenPath) }
    }

    /// Adds bytes at the end.
    func write(_ bytes: [UInt8]) throws(Fatal) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            written += count
        }
    }

    /// Gives the whole file its name.
    mutating func close() throws(Fatal) {
        // What is no file cannot be synced.
        if writtenPath != finalPath {
            guard fsync(descriptor) == 0, unsafe rename(writtenPath, finalPath) == 0 else { throw failure() }
        }
        isWhole = true
    }

    /// Where the links at `path` lead, whether anything is there or not.
    static func followed(_ path: String) -> String {
        var path = path
        for _ in 0..<linkLimit {
            // Such a link is a name for what is open, which need not have another.
            guard !isOpen(path) else { return path }
            var target = [CChar](repeating: 0, count: Int(PATH_MAX))
            // As many bytes as there are are asked for.
            let length = unsafe readlink(path, &target, target.count)
            guard length > 0 else { return path }
            let link = String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
            path = link.hasPrefix("/") ? link : folder + link
        }
        return path
    }

    /// Whether the path names a descriptor of this or another process.
    private static func isOpen(_ path: String) -> Bool {
        ["/dev/fd/", "/dev/std", "/proc/"].contains { path.hasPrefix($0) }
    }

    /// Whether there is a file, or nothing yet.
    private static func isReplaced(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    private func failure() -> Fatal {
        Fatal(description: "The file \(path) cannot be written: \(SystemError(code: errno, operation: path).reason).")
    }
}
