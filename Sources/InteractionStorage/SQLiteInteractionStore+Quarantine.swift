import Foundation
import GRDB

extension SQLiteInteractionStore {
    /// Keeps rows that were refused; see ``InteractionStore/quarantine(_:begunAfter:within:)``.
    @discardableResult
    public func quarantine(
        _ rows: [QuarantinedRow], begunAfter erasures: Int64?, within bounds: QuarantineBounds
    ) throws(StoreError) -> QuarantineReceipt {
        guard !rows.isEmpty else { return QuarantineReceipt() }
        return try write("quarantining") { database, _ in
            try Self.quarantine(rows, begunAfter: erasures, within: bounds, database)
        }
    }

    /// Keeps rows that were refused, within a write transaction.
    static func quarantine(
        _ rows: [QuarantinedRow], begunAfter erasures: Int64?, within bounds: QuarantineBounds, _ database: Database
    ) throws -> QuarantineReceipt {
        try StoreError.check(rows, named: "row", during: "quarantining", fault: \.fault)
        var sums = try QuarantineSums(reading: database)
        var receipt = QuarantineReceipt()
        var barred = try BarredUsers(database)
        let isAnybodyNewlyErased = try erasures.map { $0 < (try lastErasure(database)) } ?? false
        for row in rows {
            if try row.userID.map({ try barred.contains($0) }) ?? isAnybodyNewlyErased {
                receipt.erased += 1
            } else if try sums.insert(row, into: database) {
                receipt.kept += 1
            } else {
                receipt.duplicates += 1
            }
        }
        receipt.dropped = try sums.trim(to: bounds, database)
        try sums.write(to: database)
        return receipt
    }

    /// A page of rows; see ``InteractionStore/quarantinedRows(upload:userID:after:limit:)``.
    public func quarantinedRows(
        upload: String?, userID: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [QuarantinedRow] {
        // A name that nobody can have would be cut short at a NUL on its way into SQLite, and find another.
        guard limit > 0, [upload, userID].allSatisfy({ $0.map { Identifier.fault(of: $0) == nil } ?? true }) else {
            return []
        }
        return try read("listing the quarantine") { database in
            var conditions = "id > ?"
            var arguments: StatementArguments = [cursor ?? 0]
            for (column, name) in [("upload", upload), ("user", userID)] {
                guard let name else { continue }
                conditions += " AND \(column) = ?"
                arguments += [name]
            }
            arguments += [limit]
            return try Self.quarantinedRows("\(conditions) ORDER BY id LIMIT ?", arguments, database)
        }
    }

    /// Removes rows; see ``InteractionStore/clearQuarantine(upload:)``.
    @discardableResult
    public func clearQuarantine(upload: String?) throws(StoreError) -> Int {
        guard upload.map({ Identifier.fault(of: $0) == nil }) ?? true else { return 0 }
        return try write("clearing the quarantine") { database, _ in
            var sums = try QuarantineSums(reading: database)
            let rows = try sums.remove("upload = coalesce(?, upload)", [upload], database)
            try sums.write(to: database)
            return rows
        }
    }

    /// How much is in quarantine.
    public var quarantineCounts: QuarantineCounts {
        get throws(StoreError) { try read("counting the quarantine") { try QuarantineSums(reading: $0).counts } }
    }

    /// Removes every row that may name a user who is being erased, and tells whether one of them was about the user.
    static func releaseFromQuarantine(
        whatMayName user: String, _ database: Database
    ) throws -> (rows: Int, isAboutUser: Bool) {
        var sums = try QuarantineSums(reading: database)
        guard sums.counts.rows > 0 else { return (0, false) }
        // SQLite looks for the bytes; whether they are the name is asked of the few rows that have them.
        var conditions = "user = ? OR user IS NULL AND (is_cut OR instr(text, x'5C') > 0)"
        var arguments: StatementArguments = [user]
        for spelling in QuarantinedRow.spellings(of: Array(user.utf8)) {
            conditions += " OR instr(text, ?) > 0 OR instr(detail, ?) > 0"
            arguments += [Data(spelling), String(decoding: spelling, as: UTF8.self)]
        }
        let named = try quarantinedRows(conditions, arguments, database).filter { $0.mayName(user) }
        for row in named { _ = try sums.remove("id = ?", [row.id], database) }
        try sums.write(to: database)
        return (named.count, named.contains { $0.userID.map(ExactName.init) == ExactName(user) })
    }

    /// Whom rows in quarantine are about, each once.
    func quarantinedUsers() throws(StoreError) -> [String] {
        try read("listing the quarantine") { database in
            try String.fetchAll(database, sql: "SELECT DISTINCT user FROM quarantine WHERE user IS NOT NULL")
        }
    }

    /// Removes every row whose user could not be read.
    func forgetUnreadableRows() throws(StoreError) {
        try write("clearing the quarantine") { database, _ in
            var sums = try QuarantineSums(reading: database)
            _ = try sums.remove("user IS NULL", [], database)
            try sums.write(to: database)
        }
    }

    private static func quarantinedRows(
        _ conditions: String, _ arguments: StatementArguments, _ database: Database
    ) throws -> [QuarantinedRow] {
        let columns = "id, upload, format, line, text, is_cut, detail, user, time"
        let sql = "SELECT \(columns) FROM quarantine WHERE \(conditions)"
        return try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
            let text: Data = row[4]
            let format: String = row[2]
            return QuarantinedRow(
                id: row[0], upload: row[1], format: QuarantinedRow.Format(rawValue: format) ?? .ndjson, line: row[3],
                text: Array(text), isCut: row[5], detail: row[6], userID: row[7], time: row[8])
        }
    }
}

/// The one row of the table `quarantine_totals`: what a write to the quarantine reads first and writes back last.
private struct QuarantineSums {
    private var last: Int64
    var counts: QuarantineCounts

    init(reading database: Database) throws {
        let statement = try database.cachedStatement(sql: "SELECT last, rows, bytes, dropped FROM quarantine_totals")
        guard let row = try Row.fetchOne(statement) else {
            throw StoreError.corrupt("the totals of its quarantine are missing")
        }
        last = row[0]
        counts = QuarantineCounts(rows: row[1], bytes: row[2], dropped: row[3])
    }

    func write(to database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "UPDATE quarantine_totals SET last = ?, rows = ?, bytes = ?, dropped = ?")
        try statement.execute(arguments: [last, counts.rows, counts.bytes, counts.dropped])
    }

    /// False where the line is there already.
    mutating func insert(_ row: QuarantinedRow, into database: Database) throws -> Bool {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO quarantine (id, upload, line, format, text, is_cut, detail, user, time, size)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """)
        try statement.execute(arguments: [
            last + 1, row.upload, row.line, row.format.rawValue, Data(row.text), row.isCut, row.detail, row.userID,
            row.time, row.size,
        ])
        guard database.changesCount > 0 else { return false }
        last += 1
        counts.rows += 1
        counts.bytes += row.size
        return true
    }

    mutating func remove(_ condition: String, _ arguments: StatementArguments, _ database: Database) throws -> Int {
        let sizes = try Int.fetchAll(
            database, sql: "DELETE FROM quarantine WHERE \(condition) RETURNING size", arguments: arguments)
        counts.rows -= sizes.count
        counts.bytes -= sizes.reduce(0, +)
        return sizes.count
    }

    /// Removes the oldest rows until the others are within `bounds`; returns how many.
    mutating func trim(to bounds: QuarantineBounds, _ database: Database) throws -> Int {
        guard counts.rows > bounds.rows || counts.bytes > bounds.bytes else { return 0 }
        var rows = counts.rows
        var bytes = counts.bytes
        var end: Int64 = 0
        let oldest = try Row.fetchCursor(database, sql: "SELECT id, size FROM quarantine ORDER BY id")
        while rows > bounds.rows || bytes > bounds.bytes, let row = try oldest.next() {
            end = row[0]
            rows -= 1
            bytes -= row[1]
        }
        let dropped = try remove("id <= ?", [end], database)
        counts.dropped += dropped
        return dropped
    }
}
