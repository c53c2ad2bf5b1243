import GRDB
import GRDBSQLite
import Locking

/// Keeps a commit that was refused from coming back after a crash.
///
/// SQLite writes a transaction's pages to the log, the last with the mark of a commit, and syncs it. Where the sync fails the
/// transaction is rolled back and its caller refused, but its pages lie in the log, whole: they are only not counted in the index,
/// which is shared memory and goes with the process. Recovery after a crash believes the log, and what was refused would be there.
/// So the log is cut to what counts, at once.
///
/// Nothing is opened anew after a failed sync, although the kernel may have dropped what it could not write (fsyncgate): to open
/// means recovery, which is what brings refused commits back. It is not needed either. All that counts was synced before; what
/// failed is written again as a whole before it counts, by the next commit to the same place of the log, and by the next
/// checkpoint, since the log is kept until one was synced.
final class RefusedCommits: Sendable {
    private let arePending = Lock(false)

    /// A transaction failed in `database`, on its writer's thread. Returns whether it is certain that it will not come back.
    func take(_ error: DatabaseError, in database: Database) -> Bool {
        guard [.SQLITE_IOERR, .SQLITE_FULL].contains(error.resultCode) else { return true }
        arePending.withLock { $0 = true }
        cutOff(in: database)
        return !arePending.withLock { $0 }
    }

    /// Cuts off what refused commits have left; where that fails it is tried again after the next failure and when the store is
    /// closed. The next commit that succeeds writes over it.
    func cutOff(in database: Database) {
        guard arePending.withLock({ $0 }) else { return }
        // Within a transaction, so that no other program appends meanwhile.
        try? database.inTransaction(.immediate) {
            if Self.cutLog(of: database) { arePending.withLock { $0 = false } }
            return .rollback
        }
    }

    /// A commit came through: it lies where the refused one lay.
    func commitSucceeded() { arePending.withLock { $0 = false } }

    /// Bytes of the log's header, and of that of each page in it (SQLite's file format, section 4.1).
    private static let logHeader: Int64 = 32
    private static let frameHeader: Int64 = 24
    /// Bytes of the index's first part, which begins with its header (SQLite's WAL-mode file format, section 2.1).
    private static let indexPart: Int32 = 32_768

    /// The files are SQLite's own, which stay open while `database` is, and the index is mapped while a transaction is open.
    private static func cutLog(of database: Database) -> Bool {
        guard let connection = unsafe database.sqliteConnection else { return false }
        var main: UnsafeMutablePointer<sqlite3_file>?
        var log: UnsafeMutablePointer<sqlite3_file>?
        guard unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &main) == SQLITE_OK,
            unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK,
            let main = unsafe main, let log = unsafe log, let mainMethods = unsafe main.pointee.pMethods,
            let logMethods = unsafe log.pointee.pMethods
        else { return false }
        var index: UnsafeMutableRawPointer?
        guard unsafe mainMethods.pointee.xShmMap?(main, 0, indexPart, 0, &index) == SQLITE_OK, let index = unsafe index
        else { return false }
        // In the machine's own order: the size of a page in the 16 bits at 14, where 1 is 65,536, the frames in the 32 at 16.
        let pageSize = Int64(unsafe index.load(fromByteOffset: 14, as: UInt16.self))
        let frames = Int64(unsafe index.load(fromByteOffset: 16, as: UInt32.self))
        let length = frames == 0 ? 0 : logHeader + frames * (frameHeader + (pageSize == 1 ? 65_536 : pageSize))
        var size: sqlite3_int64 = 0
        guard unsafe logMethods.pointee.xFileSize?(log, &size) == SQLITE_OK else { return false }
        guard size > length else { return true }
        return unsafe logMethods.pointee.xTruncate?(log, length) == SQLITE_OK
    }
}
