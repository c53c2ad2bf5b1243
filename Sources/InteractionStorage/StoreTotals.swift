import GRDB

/// The one row of the table `totals`: counters that a write transaction reads first and writes back last.
struct StoreTotals: Equatable {
    var lastRow: Int64
    var lastUser: Int
    var lastItem: Int
    var lastKind: Int
    var counts: StoreCounts

    init(reading database: Database) throws {
        let statement = try RawStatement(
            database,
            """
            SELECT last_row, last_user, last_item, last_kind, interactions, users, items, user_records, catalogue_items
            FROM totals
            """)
        guard try statement.step() else { throw StoreError.corrupt("its totals are missing") }
        defer { statement.reset() }
        func number(_ column: Int32) -> Int { Int(statement.integer(at: column)) }
        lastRow = statement.integer(at: 0)
        lastUser = number(1)
        lastItem = number(2)
        lastKind = number(3)
        counts = StoreCounts(
            interactions: number(4), users: number(5), items: number(6), userRecords: number(7),
            catalogueItems: number(8))
    }

    func write(to database: Database) throws {
        let statement = try RawStatement(
            database,
            """
            UPDATE totals SET last_row = ?, last_user = ?, last_item = ?, last_kind = ?, interactions = ?, users = ?,
                items = ?, user_records = ?, catalogue_items = ?
            """)
        let numbers = [
            Int(lastRow), lastUser, lastItem, lastKind, counts.interactions, counts.users, counts.items,
            counts.userRecords, counts.catalogueItems,
        ]
        for (column, number) in numbers.enumerated() { statement.bind(Int32(column + 1), Int64(number)) }
        try statement.run()
    }
}
