import GRDB

/// The one row of the table `totals`: counters that a write transaction reads first and writes back last.
struct StoreTotals: Equatable {
    var lastRow: Int64
    var lastUser: Int
    var lastItem: Int
    var lastKind: Int
    var counts: StoreCounts

    init(reading database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                SELECT last_row, last_user, last_item, last_kind, interactions, users, items, user_records, catalogue_items
                FROM totals
                """)
        guard let row = try Row.fetchOne(statement) else { throw StoreError.corrupt("its totals are missing") }
        lastRow = row[0]
        lastUser = row[1]
        lastItem = row[2]
        lastKind = row[3]
        counts = StoreCounts(
            interactions: row[4], users: row[5], items: row[6], userRecords: row[7], catalogueItems: row[8])
    }

    func write(to database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE totals SET last_row = ?, last_user = ?, last_item = ?, last_kind = ?, interactions = ?, users = ?,
                    items = ?, user_records = ?, catalogue_items = ?
                """)
        try statement.execute(arguments: [
            lastRow, lastUser, lastItem, lastKind, counts.interactions, counts.users, counts.items, counts.userRecords,
            counts.catalogueItems,
        ])
    }
}
