import Glibc
import Networking

/// Whether a folder and what is in it may be written to: also who only reads a store writes beside it.
enum WritableFolder {
    /// - Throws: ``Fatal`` for the first of `paths` that is there and may not be read and written, with what to do.
    static func check(_ paths: [String]) throws(Fatal) {
        for path in paths {
            guard unsafe access(path, R_OK | W_OK) != 0, errno != ENOENT else { continue }
            let error = SystemError(code: errno, operation: "")
            let advice =
                error.code == EROFS
                ? "Its file system is mounted to be read only; storage.directory (--data) names another folder."
                : "This runs as user \(geteuid()), who has to be its owner or be allowed to write to it."
            throw Fatal(description: "\(path) cannot be read and written: \(error.reason). \(advice)")
        }
    }
}
