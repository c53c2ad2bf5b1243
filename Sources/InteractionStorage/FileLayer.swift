import GRDBSQLite

/// Methods of ours before those of SQLite for one open file: a "shim", as SQLite's documentation calls it.
///
/// It lies in memory of its own from ``on(_:)`` until SQLite closes the file. What a method of ours does not take for itself it hands
/// to ``below``. A file is used by one thread at a time, its connection's.
@unsafe
struct FileLayer {
    /// What SQLite calls. It comes first: SQLite knows of nothing else here.
    var methods: sqlite3_io_methods
    /// What it called before.
    let below: UnsafePointer<sqlite3_io_methods>
    /// What of the log is not written yet, for the log and for the main file, whose locks say when it is void.
    var frames: LogFrames?

    /// SQLITE_IOERR_WRITE, a macro that Swift does not see.
    static let writeFailure = SQLITE_IOERR | 3 << 8

    /// The layer of an open file, which gets one where it has none; nil for a file that is not open.
    static func on(_ file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<FileLayer>? {
        guard let methods = unsafe file.pointee.pMethods else { return nil }
        if unsafe unsafeBitCast(methods.pointee.xClose, to: Int.self) == unsafeBitCast(close, to: Int.self) {
            return unsafe of(file)
        }
        let layer = UnsafeMutablePointer<FileLayer>.allocate(capacity: 1)
        unsafe layer.initialize(to: FileLayer(methods: methods.pointee, below: methods))
        unsafe layer.pointee.methods.xClose = close
        unsafe file.pointee.pMethods = UnsafeRawPointer(layer).assumingMemoryBound(to: sqlite3_io_methods.self)
        return unsafe layer
    }

    /// The layer of a file that has one, as within a method of ours.
    static func of(_ file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<FileLayer> {
        unsafe UnsafeMutableRawPointer(mutating: file.pointee.pMethods).assumingMemoryBound(to: FileLayer.self)
    }

    private static let close: @convention(c) (UnsafeMutablePointer<sqlite3_file>?) -> Int32 = { file in
        guard let file = unsafe file else { return SQLITE_OK }
        let layer = unsafe of(file)
        let below = unsafe layer.pointee.below
        unsafe file.pointee.pMethods = below
        unsafe layer.deinitialize(count: 1).deallocate()
        return unsafe below.pointee.xClose?(file) ?? SQLITE_OK
    }
}
