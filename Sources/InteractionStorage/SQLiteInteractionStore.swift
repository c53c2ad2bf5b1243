import Dispatch
import GRDB
import Locking

/// The embedded store: one SQLite file in WAL mode, one writer, several readers.
///
/// A commit is synced to disk before a method returns (`synchronous = FULL`). Another program may use the file at the same
/// time: each waits for the other's transactions. Where the disk fails, what is refused stays refused, also after a crash
/// (``RefusedCommits``), and writes succeed again as soon as the disk does. A file that is damaged, foreign or of a newer schema is refused by
/// ``init(path:configuration:)`` and left as it is. Erased content is overwritten with zeros (`secure_delete`), and an erasure
/// empties the write-ahead log if no reader is in its way; else ``flush()`` does when the reader has ended.
public final class SQLiteInteractionStore: InteractionStore {
    /// Limits and sizes, each with its default.
    public struct Configuration: Sendable {
        /// How many reads may go on at once; one more waits, be it that of a probe.
        public var maximumReaders = 16
        /// How long to wait for another program's transaction.
        public var busyTimeout: Duration = .seconds(10)
        /// Files up to this many bytes are checked page by page when they are opened (about a second per GiB in memory);
        /// of larger ones only the header and the schema.
        public var checkLimit: Int64 = 1 << 30
        /// How many receipts of idempotency keys are kept, the latest ones.
        public var receiptsKept = 100_000
        /// The writer's page cache, in KiB; the index of a million customers wants to fit.
        public var writerCache = 65_536

        /// Bytes that may still be written to the disk of a folder; nil where the system does not say.
        var freeBytes: @Sendable (String) -> Int64? = FreeSpace.bytes(at:)

        /// The defaults.
        public init() {}

        fileprivate var busyMilliseconds: Int64 {
            let (seconds, attoseconds) = busyTimeout.components
            return seconds * 1000 + attoseconds / 1_000_000_000_000_000
        }
    }

    private let configuration: Configuration
    private let pool: Lock<DatabasePool?>
    private let inUse = DispatchGroup()
    private let refusedCommits = RefusedCommits()
    private let knownNames = KnownNames()

    /// Opens the store at `path`, or creates it where there is no file, and brings its schema up to date.
    public convenience init(path: String, configuration: Configuration = Configuration()) throws(StoreError) {
        try self.init(path: path, configuration: configuration, schema: .current)
    }

    init(path: String, configuration: Configuration = Configuration(), schema: StoreSchema) throws(StoreError) {
        self.configuration = configuration
        do {
            try StoreFile(path: path, schema: schema, checkLimit: configuration.checkLimit).prepare()
            let pool = try DatabasePool(path: path, configuration: Self.connectionConfiguration(configuration))
            try pool.writeWithoutTransaction { database in
                // GRDB sets NORMAL, which may lose the last commits with the power.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try schema.migrate(database)
                LogFrames.gather(in: database)
            }
            self.pool = Lock(pool)
        } catch {
            throw StoreError(error, during: "opening \(path)")
        }
    }

    /// Bytes that may still be written beside the file at `path`.
    func freeBytes(beside path: String) -> Int64? {
        configuration.freeBytes(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".")
    }

    /// The writer's page cache, in KiB.
    var writerCache: Int { configuration.writerCache }

    /// How long to wait for another program's transaction.
    var busyMilliseconds: Int64 { configuration.busyMilliseconds }

    /// Pages of the log at which it is copied into the main file: 16 MiB. What is written often lies in few pages, each of which
    /// is copied once. By SQLite's own 1,000 the copying took a seventh of what single interactions cost.
    private static let pagesBetweenCheckpoints = 4096

    private static func connectionConfiguration(_ configuration: Configuration) -> GRDB.Configuration {
        var connection = GRDB.Configuration()
        connection.label = "nectar.storage"
        connection.foreignKeysEnabled = false
        connection.maximumReaderCount = configuration.maximumReaders
        connection.busyMode = .timeout(Double(configuration.busyMilliseconds) / 1000)
        let writerCache = configuration.writerCache
        connection.prepareDatabase { database in
            try InteractionScanFunction.register(in: database)
            try PageGaps.clear(in: database)
            guard !database.configuration.readonly else { return }
            try database.execute(sql: "PRAGMA cache_size = -\(writerCache)")
            try database.execute(sql: "PRAGMA secure_delete = ON")
            try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(pagesBetweenCheckpoints)")
        }
        return connection
    }

    // MARK: Appending

    /// Carries out several appends in one transaction; see ``InteractionStore/append(group:)``.
    ///
    /// Without savepoints, or each request within one; see ``AppendRequest/carryOut(_:by:)``.
    public func append(group requests: [AppendRequest]) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
        try AppendRequest.carryOut(requests) { requests, isolated throws(StoreError) in
            try appendAll(requests, isolated: isolated)
        }
    }

    private func appendAll(
        _ requests: [AppendRequest], isolated: Bool
    ) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
        let receiptsKept = configuration.receiptsKept
        var lookedUp: KnownNames.Keys?
        return try write("append") { database, totals in
            var appender = try InteractionAppender(
                database, receiptsKept: receiptsKept, known: knownNames.take(in: database))
            guard isolated else {
                let results = try requests.map { try appender.append($0, &totals, in: database) }
                try appender.flush()
                lookedUp = appender.known
                return results
            }
            let results: [Result<AppendReceipt, StoreError>] = try requests.map { request in
                let before = totals
                var result: Result<AppendReceipt, StoreError>?
                do {
                    try database.inSavepoint {
                        result = try appender.append(request, &totals, in: database)
                        try appender.flush()
                        return .commit
                    }
                } catch {
                    let error = StoreError(error, during: "append")
                    guard case .failed = error else { throw error }
                    totals = before
                    appender = try InteractionAppender(database, receiptsKept: receiptsKept)
                    return .failure(error)
                }
                guard let result else { throw StoreError.failed(operation: "append", reason: "no receipt") }
                return result
            }
            lookedUp = appender.known
            return results
        } whenCommitted: { database in
            if let lookedUp { knownNames.keep(lookedUp, in: database) }
        }
    }

    // MARK: The whole

    /// How much is held; O(1).
    public var counts: StoreCounts {
        get throws(StoreError) { try read("counting") { try StoreTotals(reading: $0).counts } }
    }

    /// The highest row ever given out.
    public var watermark: Int64 {
        get throws(StoreError) { try read("reading the watermark") { try StoreTotals(reading: $0).lastRow } }
    }

    /// Copies the write-ahead log into the main file and empties it, as far as readers allow; false where they do not.
    @discardableResult
    public func flush() throws(StoreError) -> Bool {
        try withPool("flushing") { pool in
            try pool.writeWithoutTransaction { try emptyLog($0) }
        }
    }

    /// Waits for calls under way, flushes and closes the file.
    public func close() throws(StoreError) {
        guard let pool = pool.withLock({ pool in pool.take() }) else { return }
        inUse.wait()
        do {
            pool.writeWithoutTransaction { refusedCommits.cutOff(in: $0) }
            try pool.close()
        } catch {
            throw StoreError(error, during: "closing")
        }
    }

    /// Does not wait for a reader of an older snapshot, which keeps the log from being emptied: no writer could go on while it
    /// waits. False where there is one.
    private func emptyLog(_ database: Database) throws -> Bool {
        try database.execute(sql: "PRAGMA busy_timeout = 0")
        defer { try? database.execute(sql: "PRAGMA busy_timeout = \(configuration.busyMilliseconds)") }
        do {
            _ = try database.checkpoint(.truncate)
            // Pages in memory may hold what the file no longer does.
            database.releaseMemory()
            return true
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED
        {
            return false
        }
    }

    // MARK: Transactions

    /// Runs `body` in one read transaction: all it sees is of one moment.
    func read<Value>(_ operation: String, _ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try withPool(operation) { pool in try pool.read(body) }
    }

    /// Runs `body` in one write transaction, then commits with the totals it leaves behind; an error rolls back.
    func write<Value>(
        _ operation: String, _ body: (Database, inout StoreTotals) throws -> Value
    ) throws(StoreError) -> Value {
        // One of the names may be gone.
        try write(operation, body, whenCommitted: { _ in knownNames.forget() })
    }

    /// Writes as ``write(_:_:)``, and calls `whenCommitted` on the writer's thread before that writes anything else.
    func write<Value>(
        _ operation: String, _ body: (Database, inout StoreTotals) throws -> Value,
        whenCommitted: (Database) -> Void
    ) throws(StoreError) -> Value {
        try withPool(operation) { pool in
            try pool.writeWithoutTransaction { database in
                var value: Value?
                do {
                    try Self.inTransaction(database) {
                        let before = try StoreTotals(reading: database)
                        var totals = before
                        value = try body(database, &totals)
                        if totals != before { try totals.write(to: database) }
                    }
                } catch {
                    throw refusal(error, during: operation, in: database)
                }
                refusedCommits.commitSucceeded()
                whenCommitted(database)
                guard let value else { throw StoreError.failed(operation: operation, reason: "no result") }
                return value
            }
        }
    }

    /// As GRDB's transactions, which compile their statements each time.
    private static func inTransaction(_ database: Database, _ body: () throws -> Void) throws {
        try RawStatement(database, "BEGIN IMMEDIATE").run()
        do {
            try body()
            try RawStatement(database, "COMMIT").run()
        } catch {
            try? database.rollback()
            throw error
        }
    }

    /// What a transaction failed with that has been rolled back, once that is made certain (``RefusedCommits``).
    private func refusal(_ error: any Error, during operation: String, in database: Database) -> StoreError {
        let failure = StoreError(error, during: operation, in: database)
        guard let error = error as? DatabaseError, !refusedCommits.take(error, in: database) else { return failure }
        return .unavailable("\(failure); the disk does not tell whether it was stored")
    }

    func withPool<Value>(
        _ operation: String, _ body: (DatabasePool) throws -> Value
    ) throws(StoreError) -> Value {
        let inUse = inUse
        let open = pool.withLock { pool in
            if pool != nil { inUse.enter() }
            return pool
        }
        guard let open else { throw .unavailable("the store is closed") }
        defer { inUse.leave() }
        do {
            return try body(open)
        } catch {
            throw StoreError(error, during: operation)
        }
    }
}
