import GRDB
import GRDBSQLite

/// Writes to SQLite's log at once what a transaction adds to it.
///
/// SQLite makes two calls of the system for each page, one for the header of its frame and one for the page: 26 calls of 4 µs each for
/// 13 pages, which one call writes in 12 µs. So frames that follow each other are gathered, and written when the one that ends a
/// transaction is whole: before SQLite syncs the log, and before it tells anybody in its index that the transaction is there. An
/// error of writing is then the last frame's, and SQLite rolls back as ever.
///
/// Only what continues the log is gathered. Frames that are put over others (those of a transaction that was rolled back, or a page that
/// changes once more in a transaction too large for the cache) are written as they come. What is gathered when the lock for writing is
/// let go belongs to a transaction that was rolled back, and is forgotten: from then on another program may write in that place.
final class LogFrames {
    /// Bytes of the header of a page in the log, and where in it is the size of the database, which is 0 unless the frame ends a transaction
    /// (SQLite's file format, section 4.1).
    private static let headerSize = 24
    private static let databaseSize = 4..<8
    /// The byte of the index that is locked for writing (SQLite's WAL-mode file format, section 2.3).
    private static let writeLock: Int32 = 0
    /// Bytes gathered at most: SQLite's files take the last 17 bits of a length (`seekAndWriteFd` in its `os_unix.c`).
    private static let capacity = 0x1_FFFF

    private var gathered: [UInt8] = []
    /// Where in the log that belongs: it is written up to there. -1: nobody knows.
    private var place: sqlite3_int64 = -1
    /// Whether the frame that is being written ends its transaction.
    private var endsTransaction = false

    private init() { gathered.reserveCapacity(Self.capacity) }

    /// Has the log of `database`, a connection that writes, written so. It must have been used: SQLite opens its log then.
    static func gather(in database: Database) {
        guard let connection = unsafe database.sqliteConnection else { return }
        var main: UnsafeMutablePointer<sqlite3_file>?
        var log: UnsafeMutablePointer<sqlite3_file>?
        guard unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &main) == SQLITE_OK,
            unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK,
            let main = unsafe main, let log = unsafe log,
            let mainLayer = unsafe FileLayer.on(main), let logLayer = unsafe FileLayer.on(log)
        else { return }
        let frames = LogFrames()
        unsafe mainLayer.pointee.frames = frames
        unsafe mainLayer.pointee.methods.xShmLock = { file, first, count, flags in
            guard let file = unsafe file else { return SQLITE_MISUSE }
            let layer = unsafe FileLayer.of(file)
            if flags & SQLITE_SHM_UNLOCK != 0, first == LogFrames.writeLock { unsafe layer.pointee.frames?.forget() }
            return unsafe layer.pointee.below.pointee.xShmLock(file, first, count, flags)
        }
        unsafe logLayer.pointee.frames = frames
        unsafe logLayer.pointee.methods.xWrite = { file, content, size, place in
            unsafe LogFrames.of(file) { frames, file, below in
                guard let content = unsafe content else { return unsafe FileLayer.writeFailure }
                return unsafe frames.write(
                    UnsafeRawBufferPointer(start: content, count: Int(size)), at: place, to: file, below)
            }
        }
        // Whatever else is asked of the log finds it as if it had been written all along.
        unsafe logLayer.pointee.methods.xRead = { file, content, size, place in
            unsafe LogFrames.whenWritten(file) { unsafe $1.pointee.xRead($0, content, size, place) }
        }
        unsafe logLayer.pointee.methods.xTruncate = { file, size in
            unsafe LogFrames.whenWritten(file) { unsafe $1.pointee.xTruncate($0, size) }
        }
        unsafe logLayer.pointee.methods.xSync = { file, flags in
            unsafe LogFrames.whenWritten(file) { unsafe $1.pointee.xSync($0, flags) }
        }
        unsafe logLayer.pointee.methods.xFileSize = { file, size in
            unsafe LogFrames.whenWritten(file) { unsafe $1.pointee.xFileSize($0, size) }
        }
    }

    private typealias File = UnsafeMutablePointer<sqlite3_file>
    private typealias Methods = UnsafePointer<sqlite3_io_methods>

    private static func of(_ file: File?, _ body: (LogFrames, File, Methods) -> Int32) -> Int32 {
        guard let file = unsafe file else { return SQLITE_MISUSE }
        let layer = unsafe FileLayer.of(file)
        guard let frames = unsafe layer.pointee.frames else { return SQLITE_MISUSE }
        return unsafe body(frames, file, layer.pointee.below)
    }

    private static func whenWritten(_ file: File?, _ body: (File, Methods) -> Int32) -> Int32 {
        unsafe of(file) { frames, file, below in
            let status = unsafe frames.writeOut(to: file, below)
            // Frames that SQLite takes for written are lost: by this error the whole transaction is rolled back, whatever was asked.
            return unsafe status == SQLITE_OK ? body(file, below) : FileLayer.writeFailure
        }
    }

    private func write(
        _ content: UnsafeRawBufferPointer, at start: sqlite3_int64, to file: File, _ below: Methods
    ) -> Int32 {
        let isHeader = content.count == Self.headerSize
        if isHeader { endsTransaction = unsafe content[Self.databaseSize].contains { $0 != 0 } }
        let continues = start == place + sqlite3_int64(gathered.count)
        if !continues || content.count > Self.capacity - gathered.count {
            let status = unsafe writeOut(to: file, below)
            guard status == SQLITE_OK else { return status }
        }
        guard continues else { return unsafe writeThrough(content, at: start, to: file, below) }
        unsafe gathered.append(contentsOf: content)
        return endsTransaction && !isHeader ? unsafe writeOut(to: file, below) : SQLITE_OK
    }

    private func writeOut(to file: File, _ below: Methods) -> Int32 {
        guard !gathered.isEmpty else { return SQLITE_OK }
        defer { forget() }
        return unsafe gathered.withUnsafeBytes { unsafe writeThrough($0, at: place, to: file, below) }
    }

    private func writeThrough(
        _ content: UnsafeRawBufferPointer, at start: sqlite3_int64, to file: File, _ below: Methods
    ) -> Int32 {
        let status = unsafe below.pointee.xWrite(file, content.baseAddress, Int32(content.count), start)
        place = status == SQLITE_OK ? start + sqlite3_int64(content.count) : -1
        return status
    }

    private func forget() { gathered.removeAll(keepingCapacity: true) }
}
