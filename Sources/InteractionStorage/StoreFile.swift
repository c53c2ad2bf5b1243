import GRDB
import Glibc

/// The file of a SQLite store before it is opened for writing: created whole, or looked at without a change.
struct StoreFile {
    let path: String
    let schema: StoreSchema

    /// Files up to this many bytes are checked page by page before they are opened.
    let checkLimit: Int64

    /// Sees to it that there is a sound store at `path`, or says why there is none.
    func prepare() throws {
        guard let header = try readHeader() else {
            // SQLite would take it for the log of the new store.
            guard !hasLog else { throw StoreError.corrupt("\(path) is missing, and its log \(path)-wal is there") }
            try create()
            return
        }
        try judge(header.bytes)
        do {
            try inspect(size: header.size)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            throw StoreError.corrupt(cut(header.size, header.bytes) ?? "\(path): \(error.message ?? "\(error)")")
        }
    }

    /// Makes an empty store under another name and links it into place: a crash leaves either no store or a whole one, and of
    /// two programs that start at once the second finds the first one's.
    private func create() throws {
        let file = try UnfinishedFile(for: path)
        defer { file.remove() }
        do {
            let database = try DatabaseQueue(path: file.path, configuration: PageGaps.configuration)
            try database.inDatabase { database in
                try schema.migrate(database)
                // Of two that would turn it on later, each with a lock that the other waits for, one is refused at once.
                try database.execute(sql: "PRAGMA journal_mode = WAL")
            }
            try database.close()
        }
        guard unsafe link(file.path, path) == 0 || errno == EEXIST else {
            throw StoreError.unavailable("\(path) cannot be created: \(Self.reason(errno))")
        }
        try Self.syncDirectory(of: path)
    }

    /// Where the file is that `path` leads to, by links or at once; itself where nothing is there.
    static func followingLinks(_ path: String) throws -> String {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
        guard let resolved = unsafe realpath(path, nil) else {
            throw StoreError.unavailable(
                "\(path) is a link, which leads to nothing that can be reached: \(reason(errno))")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Copies a file into a new one, which only its owner may read.
    static func copy(_ path: String, to copy: String) throws {
        let source = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw StoreError(path, failed: "open") }
        defer { Glibc.close(source) }
        let target = unsafe open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw StoreError(copy, failed: "open") }
        defer { Glibc.close(target) }
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe read(source, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StoreError(path, failed: "read") }
            if count == 0 { return }
            try write(piece[..<count], to: target, path: copy)
        }
    }

    /// Writes all of `bytes` to the open file at `path`.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, path: String) throws(StoreError) {
        var rest = bytes
        while !rest.isEmpty {
            // The pointer is good for the call, and has as many octets as are written.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StoreError(path, failed: "write") }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes a file's content durable.
    static func sync(_ path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(path, failed: "open") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError(path, failed: "fsync") }
    }

    /// Makes a file's name durable: without it a power failure could take the name, and with it every commit.
    static func syncDirectory(of path: String) throws {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            let reason = Self.reason(errno)
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw StoreError.unavailable("\(directory) cannot be synced: \(reason)")
        }
        Glibc.close(descriptor)
    }

    private static let headerLength = 100

    /// The first bytes and the size of the file; nil when there is no file.
    private func readHeader() throws -> (bytes: [UInt8], size: Int64)? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreError.unavailable("\(path) cannot be opened: \(Self.reason(errno))")
        }
        defer { Glibc.close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw StoreError.unavailable("\(path) cannot be examined: \(Self.reason(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError.unavailable("\(path) is no file; move it away")
        }
        var bytes = [UInt8](repeating: 0, count: Self.headerLength)
        // The buffer has exactly as many bytes as are asked for.
        let length = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard length >= 0 else { throw StoreError.unavailable("\(path) cannot be read: \(Self.reason(errno))") }
        return (Array(bytes.prefix(length)), Int64(status.st_size))
    }

    /// Judges the file by its header alone (SQLite's file format, section 1.3), so that SQLite never touches a foreign one.
    private func judge(_ header: [UInt8]) throws {
        guard !header.isEmpty else { throw StoreError.corrupt("\(path) is empty") }
        guard header.count == Self.headerLength, header.starts(with: "SQLite format 3\0".utf8) else {
            throw StoreError.corrupt("\(path) is not a SQLite database")
        }
        let mark = header[68..<72].reduce(Int32(0)) { $0 << 8 | Int32($1) }
        guard mark == StoreSchema.applicationID else {
            throw StoreError.corrupt("\(path) is a SQLite database, but not one of Nectar's")
        }
    }

    /// Whether there is a write-ahead log with something in it.
    private var hasLog: Bool {
        var log = stat()
        return unsafe stat("\(path)-wal", &log) == 0 && log.st_size > 0
    }

    /// How a file of that size is shorter than its header says; nil where it is not. Where somebody writes meanwhile that may be so for a
    /// moment: it explains damage, and is none by itself.
    private func cut(_ size: Int64, _ header: [UInt8]) -> String? {
        let pageSize = header[16..<18].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let pageCount = header[28..<32].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return cut(size, pageCount * (pageSize == 1 ? 65_536 : pageSize))
    }

    private func cut(_ size: Int64, _ announced: Int64) -> String? {
        size < announced ? "\(path) is cut short: \(size) bytes of \(announced)" : nil
    }

    /// Refuses a file that is shorter than it should be, unless there is a write-ahead log, which may hold the rest; within a
    /// transaction, during which nobody moves a log to its place that was not there at the beginning.
    ///
    /// SQLite itself reads zeros where the last page breaks off.
    private func judgeSize(_ database: Database) throws {
        let announced = try Int64.fetchOne(
            database, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        var status = stat()
        guard let announced, !hasLog, unsafe stat(path, &status) == 0 else { return }
        if let cut = cut(Int64(status.st_size), announced) { throw StoreError.corrupt(cut) }
    }

    /// Looks for a newer schema and for damage through a connection that cannot write.
    private func inspect(size: Int64) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.read { database in
            let found = try StoreSchema.version(of: database)
            guard found <= schema.version else {
                throw StoreError.newerSchema(found: found, supported: schema.version)
            }
            try judgeSize(database)
            guard found > 0 else { throw StoreError.corrupt("\(path) has no schema") }
            guard size <= checkLimit else { return }
            let finding = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
            guard finding == "ok" else {
                let reason = finding?.replacing("\n", with: " ") ?? "its pages cannot be checked"
                throw StoreError.corrupt("\(path): \(reason)")
            }
        }
        try database.close()
    }

    private static func reason(_ code: Int32) -> String {
        // strerror gives a text that ends in a NUL and outlives this call.
        unsafe String(cString: strerror(code))
    }
}
