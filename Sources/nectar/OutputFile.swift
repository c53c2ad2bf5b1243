import Glibc
import Networking

/// A file being written, under a temporary name until it is whole; one that never is leaves nothing behind.
struct OutputFile: ~Copyable {
    private let path: String
    private let descriptor: Int32
    private var isWhole = false

    private var temporaryPath: String { path + ".partial" }

    /// Begins the file at `path`.
    ///
    /// - Throws: A ``Fatal`` that names the file, as all that follows.
    init(_ path: String) throws(Fatal) {
        self.path = path
        descriptor = unsafe open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            isWhole = true
            throw failure()
        }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
        if !isWhole { unsafe unlink(path + ".partial") }
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
        guard fsync(descriptor) == 0, unsafe rename(temporaryPath, path) == 0 else { throw failure() }
        isWhole = true
    }

    private func failure() -> Fatal {
        Fatal(description: "The file \(path) cannot be written: \(SystemError(code: errno, operation: path).reason).")
    }
}
