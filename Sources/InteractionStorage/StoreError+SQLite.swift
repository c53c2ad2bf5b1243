import GRDB

extension StoreError {
    /// Puts whatever came out of SQLite into the terms a caller can act on; the one place that does.
    init(_ error: any Error, during operation: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .failed(operation: operation, reason: "\(error)")
            return
        }
        let reason = error.message ?? "SQLite code \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL:
            self = .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .corrupt(reason)
        case .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM,
            .SQLITE_NOMEM, .SQLITE_INTERRUPT, .SQLITE_PROTOCOL, .SQLITE_NOLFS, .SQLITE_AUTH:
            self = .unavailable("\(operation): \(reason)")
        default:
            self = .failed(operation: operation, reason: reason)
        }
    }
}
