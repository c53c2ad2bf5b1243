import Foundation
import GRDB

extension SQLiteInteractionStore {
    /// Removes all that is held about a user; see ``InteractionStore/eraseUser(_:at:beyond:)``.
    @discardableResult
    public func eraseUser(
        _ id: String, at milliseconds: Int64, beyond erasure: Int64
    ) throws(StoreError) -> ErasureReceipt {
        guard Identifier.fault(of: id) == nil else { return ErasureReceipt(existed: false) }
        var receipt = try write("erasing a user") { database, totals in
            var receipt = try Self.erase(id, &totals, database)
            receipt.watermark = totals.lastRow
            receipt.sequence = try Self.bury(id, at: milliseconds, beyond: erasure, database)
            return receipt
        }
        // What was erased is still in the write-ahead log, and would stay there until the log is written over. Should this
        // fail, the user is erased nevertheless.
        if receipt.existed || receipt.quarantined > 0 { receipt.leavesTraces = (try? flush()) != true }
        return receipt
    }

    /// Who was erased; see ``InteractionStore/tombstones(after:)``.
    public func tombstones(after sequence: Int64) throws(StoreError) -> Tombstones {
        try tombstones("sequence > ?", [sequence])
    }

    /// Whose erasure is pending; see ``InteractionStore/pendingErasures()``.
    public func pendingErasures() throws(StoreError) -> Tombstones {
        try tombstones("pending", [])
    }

    /// Ends pending erasures; see ``InteractionStore/completeErasures(upTo:)``.
    public func completeErasures(upTo sequence: Int64) throws(StoreError) {
        try write("completing erasures") { database, _ in
            try database.execute(
                sql: "UPDATE erasures SET pending = 0 WHERE pending AND sequence <= ?", arguments: [sequence])
        }
    }

    private func tombstones(
        _ condition: String, _ arguments: StatementArguments
    ) throws(StoreError) -> Tombstones {
        try read("reading erasures") { try Self.tombstones($0, condition, arguments) }
    }

    /// Tombstones for which a condition holds, within a transaction.
    static func tombstones(
        _ database: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> Tombstones {
        var stones = Tombstones(keys: try erasureKeys(database), last: try lastErasure(database))
        let rows = try Row.fetchCursor(
            database, sql: "SELECT sequence, erased_at, digest FROM erasures WHERE \(condition)", arguments: arguments)
        while let row = try rows.next() {
            let digest: Data = row[2]
            stones.insert(.init(sequence: row[0], erasedAt: row[1]), digest: Array(digest))
        }
        return stones
    }

    /// What names are hashed under.
    static func erasureKey(_ database: Database) throws -> [UInt8] {
        let statement = try database.cachedStatement(sql: "SELECT key FROM erasure_key")
        guard let key = try Data.fetchOne(statement), key.count == Tombstones.keyLength else {
            throw StoreError.corrupt("its key for erased names is missing")
        }
        return Array(key)
    }

    /// Every key that a tombstone may be hashed under, the store's own first.
    static func erasureKeys(_ database: Database) throws -> [[UInt8]] {
        let others = try database.cachedStatement(sql: "SELECT key FROM other_erasure_keys ORDER BY key")
        return [try erasureKey(database)] + (try Data.fetchAll(others).map { Array($0) })
    }

    /// Keeps tombstones of another state of this store, or of another store with the keys of those, numbered on from the last of either.
    static func keep(_ earlier: Tombstones, _ database: Database) throws {
        guard !earlier.isEmpty else { return }
        let known = try erasureKeys(database)
        for key in earlier.keys where !known.contains(key) {
            try database.execute(sql: "INSERT INTO other_erasure_keys VALUES (?)", arguments: [Data(key)])
        }
        var sequence = max(try lastErasure(database), earlier.last)
        for (digest, stone) in earlier.sorted {
            sequence += 1
            try database.execute(
                sql: """
                    INSERT INTO erasures (sequence, digest, erased_at, pending) VALUES (?, ?, ?, 1)
                    ON CONFLICT (digest) DO UPDATE SET sequence = excluded.sequence, pending = 1,
                        erased_at = max(erased_at, excluded.erased_at)
                    """,
                arguments: [sequence, Data(digest), stone.erasedAt])
        }
    }

    static func lastErasure(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM erasures") ?? 0
    }

    private static func erase(
        _ id: String, _ totals: inout StoreTotals, _ database: Database
    ) throws -> ErasureReceipt {
        var receipt = ErasureReceipt(existed: false)
        if let key = try key(of: id, in: "user_names", database) {
            receipt.existed = true
            receipt.removed = try removable("user = ? ORDER BY row", [key], database)
            var named = try keys(in: "user = ?", [key], database)
            named.users = [key]
            try database.execute(sql: "DELETE FROM interactions WHERE user = ?", arguments: [key])
            totals.counts.interactions -= receipt.interactions
            try removeNames(named, &totals, database)
        }
        try database.execute(sql: "DELETE FROM user_records WHERE name = ?", arguments: [id])
        if database.changesCount > 0 {
            receipt.existed = true
            totals.counts.userRecords -= 1
        }
        let quarantined = try releaseFromQuarantine(whatMayName: id, database)
        receipt.quarantined = quarantined.rows
        if quarantined.isAboutUser { receipt.existed = true }
        return receipt
    }

    /// Sets a tombstone, or sets an old one anew; returns its number, which no other ever had.
    private static func bury(
        _ id: String, at milliseconds: Int64, beyond erasure: Int64, _ database: Database
    ) throws -> Int64 {
        let digest = Data(Tombstones.digest(of: id, key: try erasureKey(database)))
        let sequence = try max(lastErasure(database), erasure) + 1
        try database.execute(
            sql: """
                INSERT INTO erasures (sequence, digest, erased_at, pending) VALUES (?, ?, ?, 1)
                ON CONFLICT (digest) DO UPDATE SET sequence = excluded.sequence, erased_at = excluded.erased_at, pending = 1
                """,
            arguments: [sequence, digest, milliseconds])
        return sequence
    }
}
