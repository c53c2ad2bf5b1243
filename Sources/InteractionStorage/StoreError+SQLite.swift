import GRDB
import GRDBSQLite
import Glibc

extension StoreError {
    /// Puts whatever came out of SQLite into the terms a caller can act on; the one place that does.
    ///
    /// - Parameter database: Where it came from, which knows what the system said.
    init(_ error: any Error, during operation: String, in database: Database? = nil) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .failed(operation: operation, reason: "\(error)")
            return
        }
        // A backup's error leaves no message of its own.
        let reason =
            error.message.flatMap { $0 == "not an error" ? nil : $0 } ?? Self.text(of: error.extendedResultCode)
        switch error.resultCode {
        case .SQLITE_FULL:
            self = .noSpace("\(operation): \(reason)")
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
            // The index of the log could not grow.
            self = .noSpace("\(operation): \(reason)")
        case .SQLITE_IOERR where database.map(Self.isOutOfSpace) ?? false:
            self = .noSpace("\(operation): \(reason)")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .corrupt(reason)
        case .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM,
            .SQLITE_NOMEM, .SQLITE_INTERRUPT, .SQLITE_PROTOCOL, .SQLITE_NOLFS, .SQLITE_AUTH:
            self = .unavailable("\(operation): \(reason)")
        default:
            self = .failed(operation: operation, reason: reason)
        }
    }

    private static func text(of code: ResultCode) -> String {
        // A constant of SQLite's, which ends in a NUL.
        unsafe String(cString: sqlite3_errstr(code.rawValue))
    }

    /// SQLite tells a full disk from other errors where a write met it; not a quota or a limit on the size of files.
    ///
    /// What the system said last is asked of the file and of its log: a commit leaves nothing in `sqlite3_system_errno`.
    private static func isOutOfSpace(_ database: Database) -> Bool {
        guard let connection = unsafe database.sqliteConnection else { return false }
        var codes: (main: Int32, log: Int32) = (0, 0)
        unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_LAST_ERRNO, &codes.main)
        // SQLite's own file, open as long as `database` is.
        var log: UnsafeMutablePointer<sqlite3_file>?
        unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log)
        if let log = unsafe log, let methods = unsafe log.pointee.pMethods {
            _ = unsafe methods.pointee.xFileControl?(log, SQLITE_FCNTL_LAST_ERRNO, &codes.log)
        }
        return [codes.main, codes.log].contains { [ENOSPC, EDQUOT, EFBIG].contains($0) }
    }
}
