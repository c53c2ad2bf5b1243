internal import Glibc

/// Why a file of the model directory was refused or could not be written, as a sentence that names the file.
public struct SnapshotFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or directory it is about.
    public var path: String
    /// What is wrong, and where in the file.
    public var reason: String

    /// A refusal in the words of whoever found the reason.
    public init(path: String, reason: String) {
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
