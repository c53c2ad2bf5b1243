import GRDB

extension SQLiteInteractionStore {
    /// Removes what is too old; see ``InteractionStore/removeExpired(_:after:limit:)``.
    ///
    /// Reads without holding up a writer: rows never change, so that what was too old in one transaction still is in the next. Only
    /// where there is something to remove it takes its turn among the writers.
    public func removeExpired(
        _ rule: RetentionRule, after cursor: Int64, limit: Int
    ) throws(StoreError) -> RetentionStep {
        guard limit > 0 else { return RetentionStep(removed: [], cursor: nil) }
        let (expired, last) = try read("looking for expired interactions") { database in
            try Self.expired(by: rule, after: cursor, limit: limit, database)
        }
        guard !expired.isEmpty else { return RetentionStep(removed: [], cursor: last) }
        let removed = try write("removing expired interactions") { database, totals in
            let removed = try Self.remove(expired, database)
            totals.counts.interactions -= removed.count
            let named = NamedKeys(users: Set(expired.map(\.user)), items: Set(expired.map(\.item)))
            try Self.removeNames(named, &totals, database)
            return removed
        }
        return RetentionStep(removed: removed, cursor: last)
    }

    private typealias Expired = (row: Int64, user: Int, item: Int)

    /// The first after a row, and the last row that was looked at; nil where it was the last of all.
    private static func expired(
        by rule: RetentionRule, after cursor: Int64, limit: Int, _ database: Database
    ) throws -> (rows: [Expired], last: Int64?) {
        var kinds: [Int: String] = [:]
        for kind in rule.beforeByKind.keys {
            if let key = try key(of: kind.text, in: "kind_names", database) { kinds[key] = kind.text }
        }
        let statement = try database.cachedStatement(
            sql: "SELECT row, user, kind, timestamp, item FROM interactions WHERE row > ? ORDER BY row LIMIT ?")
        var (expired, last, count) = ([Expired](), cursor, 0)
        let rows = try Row.fetchCursor(statement, arguments: [cursor, RetentionRule.rowsLookedAt])
        while let row = try rows.next() {
            count += 1
            last = row[0]
            let kind: Int? = row[2]
            if rule.isExpired(kind: kind.flatMap { kinds[$0] }, timestamp: row[3]) {
                expired.append((last, row[1], row[4]))
            }
            if expired.count == limit { return (expired, last) }
        }
        return (expired, count == RetentionRule.rowsLookedAt ? last : nil)
    }

    /// Those that somebody else has removed meanwhile are left out.
    private static func remove(_ expired: [Expired], _ database: Database) throws -> [RemovedInteraction] {
        let statement = try database.cachedStatement(sql: "DELETE FROM interactions WHERE row = ?")
        return try expired.flatMap { expired in
            let removed = try removable("row = ?", [expired.row], database)
            if !removed.isEmpty { try statement.execute(arguments: [expired.row]) }
            return removed
        }
    }

    /// What is about to be removed, to be told of when it has been. CROSS JOIN keeps SQLite from walking the names first.
    static func removable(
        _ condition: String, _ arguments: StatementArguments, _ database: Database
    ) throws -> [RemovedInteraction] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT row, item_names.name, kind_names.name, timestamp FROM interactions
                CROSS JOIN item_names ON item_names.key = interactions.item
                LEFT JOIN kind_names ON kind_names.key = interactions.kind
                WHERE \(condition)
                """)
        var removable: [RemovedInteraction] = []
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try rows.next() {
            removable.append(RemovedInteraction(rowID: row[0], itemID: row[1], kind: row[2], timestamp: row[3]))
        }
        return removable
    }

    /// Whom, and what, some interactions name.
    struct NamedKeys {
        var users: Set<Int> = []
        var items: Set<Int> = []
    }

    /// What is named by the interactions for which a condition holds.
    static func keys(in condition: String, _ arguments: StatementArguments, _ database: Database) throws -> NamedKeys {
        var named = NamedKeys()
        let rows = try Row.fetchCursor(
            database, sql: "SELECT DISTINCT user, item FROM interactions WHERE \(condition)", arguments: arguments)
        while let row = try rows.next() {
            named.users.insert(row[0])
            named.items.insert(row[1])
        }
        return named
    }

    /// Removes those of the names that no interaction is left of, and counts what is left; a search in an index each.
    static func removeNames(_ named: NamedKeys, _ totals: inout StoreTotals, _ database: Database) throws {
        func removed(_ keys: Set<Int>, _ table: String, _ column: String) throws -> Int {
            let statement = try database.cachedStatement(
                sql: """
                    DELETE FROM \(table) WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM interactions WHERE \(column) = ?1)
                    """)
            return try keys.reduce(0) { removed, key in
                try statement.execute(arguments: [key])
                return removed + database.changesCount
            }
        }
        totals.counts.users -= try removed(named.users, "user_names", "user")
        totals.counts.items -= try removed(named.items, "item_names", "item")
    }
}
