import Foundation
import Networking

/// A small file of the data folder that is written whole: whoever reads it finds what was there before or what is there now.
enum ReplacedFile {
    /// Puts `text` in the place of what was at `path`. Not synced: it is there after a crash of the process, not of the machine.
    static func write(_ text: String, to path: String) throws {
        // A name of which the next start knows that it was left behind (``AbandonedFiles``).
        let unfinished = "\(path).new-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: unfinished))
            guard unsafe rename(unfinished, path) == 0 else { throw SystemError(code: errno, operation: "rename") }
        } catch {
            unsafe unlink(unfinished)
            throw error
        }
    }
}
