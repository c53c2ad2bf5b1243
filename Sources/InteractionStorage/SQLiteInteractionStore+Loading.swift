import GRDB

extension SQLiteInteractionStore {
    /// Runs `body`, which may append as much as it likes, in one transaction: all of it is stored or, if `body` throws, nothing.
    ///
    /// For imports of millions of rows. Into a store without interactions the indices are made when all rows are there, which
    /// sorts rather than searches; other writers wait meanwhile. Memory is bounded, whatever is appended: see ``StoreLoad``.
    /// - Parameters:
    ///   - erasures: How many erasures there had been when the rows were read.
    ///   - body: Called on the store's own queue; it may not call the store.
    /// - Throws: ``StoreError``; another error that `body` throws is ``StoreError/failed(operation:reason:)``.
    public func load(
        begunAfter erasures: Int64?, _ body: (inout StoreLoad) throws -> Void
    ) throws(StoreError) {
        let usualCache = writerCache
        // Whoever loads as well may take minutes.
        try setBusyTimeout(milliseconds: Int64(Int32.max))
        defer { try? setBusyTimeout(milliseconds: busyMilliseconds) }
        try write("loading") { database, totals in
            try database.execute(sql: "PRAGMA cache_size = -\(StoreLoad.cache)")
            defer { try? database.execute(sql: "PRAGMA cache_size = -\(usualCache)") }
            let deferred = totals.counts.interactions == 0 ? try DeferredIndices(takingFrom: database) : nil
            var load = try StoreLoad(database, totals, begunAfter: erasures)
            try body(&load)
            totals = load.totals
            guard let deferred else { return }
            // SQLite sorts runs of this size: one that the processor's own cache holds is sorted twice as fast.
            try database.execute(sql: "PRAGMA cache_size = -\(StoreLoad.sortingCache)")
            try deferred.make(in: database)
        }
    }
}

extension SQLiteInteractionStore {
    private func setBusyTimeout(milliseconds: Int64) throws(StoreError) {
        try withPool("loading") { pool in
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA busy_timeout = \(milliseconds)") }
        }
    }
}

/// Appends within one long transaction; see ``SQLiteInteractionStore/load(begunAfter:_:)``.
public struct StoreLoad: RecordLoad {
    /// The writer's page cache meanwhile, in KiB.
    static let cache = 16_384
    /// The same while indices are made, in KiB.
    static let sortingCache = 2_048
    /// Names are looked up in memory until they are so many; then they are forgotten and begun anew.
    private static let namesKept = 500_000

    private let database: Database
    private let erasures: Int64?
    private var appender: InteractionAppender
    private var returning: ReturningUsers
    fileprivate(set) var totals: StoreTotals

    fileprivate init(_ database: Database, _ totals: StoreTotals, begunAfter erasures: Int64?) throws {
        self.database = database
        self.totals = totals
        self.erasures = erasures
        appender = try InteractionAppender(database, receiptsKept: 0)
        returning = ReturningUsers(
            erased: try SQLiteInteractionStore.tombstones(database, "sequence > ?", [0]), begunAfter: erasures)
    }

    /// Interactions held, those of this load included.
    public var interactionCount: Int { totals.counts.interactions }

    /// Appends interactions, as ``InteractionStore/append(_:idempotencyKey:)``.
    public mutating func append(_ interactions: [Interaction]) throws -> AppendReceipt {
        let request = AppendRequest(interactions: interactions, begunAfter: erasures)
        if let fault = request.fault { throw StoreError.failed(operation: "loading", reason: fault) }
        appender.forgetNames(beyond: Self.namesKept)
        returning.note(interactions)
        let receipt = try appender.append(request, &totals, in: database).get()
        try appender.flush()
        return receipt
    }

    /// Keeps rows that were refused, as ``InteractionStore/quarantine(_:begunAfter:within:)``.
    public mutating func quarantine(
        _ rows: [QuarantinedRow], within bounds: QuarantineBounds
    ) throws -> QuarantineReceipt {
        try SQLiteInteractionStore.quarantine(rows, begunAfter: erasures, within: bounds, database)
    }

    /// Stores and withdraws catalogue entries, as ``InteractionStore/changeItems(_:)``.
    public mutating func changeItems(_ changes: [ItemChange]) throws -> Int {
        try SQLiteInteractionStore.change(changes, &totals, database)
    }

    /// Stores user records; see ``RecordLoad/putUsers(_:)``.
    public mutating func putUsers(_ users: [User]) throws {
        _ = try SQLiteInteractionStore.put(
            returning.welcome(among: users), begunAfter: erasures, &totals, database)
    }

    /// Stores the records of those who have come back; see ``RecordLoad/settleUsers()``.
    public mutating func settleUsers() throws -> Int {
        let (back, erased) = returning.settle()
        return erased
            + (try SQLiteInteractionStore.put(back, begunAfter: erasures, &totals, database).erased)
    }
}

/// The indices of interactions that only help to find them, while there are none.
private struct DeferredIndices {
    private let statements: [String]

    /// Drops them; within a transaction, whose end brings them back if it is not a commit.
    init(takingFrom database: Database) throws {
        // The index of given names stays: duplicates are found by it.
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'interactions' AND sql IS NOT NULL
                    AND sql NOT LIKE 'CREATE UNIQUE%'
                """)
        statements = rows.map { $0[1] }
        for row in rows {
            let name: String = row[0]
            try database.execute(sql: "DROP INDEX \"\(name)\"")
        }
    }

    func make(in database: Database) throws {
        for statement in statements { try database.execute(sql: statement) }
    }
}
