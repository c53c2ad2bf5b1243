#if PostgreSQL
    /// The one row of the table `totals`: counters that a write transaction locks and reads first, and writes back last.
    struct PostgreSQLTotals: Equatable {
        var lastRow: Int64
        var lastUser: Int
        var lastItem: Int
        var lastKind: Int
        var lastReceipt: Int64
        var lastErasure: Int64
        var counts: StoreCounts

        private static let columns = """
            last_row, last_user, last_item, last_kind, last_receipt, last_erasure, interactions, users, items, user_records, \
            catalogue_items
            """

        /// Reads them as they are in the transaction's view.
        init(reading connection: PostgreSQLConnection) throws {
            self = try Self.first(of: connection.query("SELECT \(Self.columns) FROM totals"))
        }

        /// Waits for every other transaction that writes to end, keeps others from beginning, and reads what those have left. Also gives
        /// the transaction's number, by which its outcome can be asked for.
        static func lock(_ connection: PostgreSQLConnection) throws -> (totals: PostgreSQLTotals, transaction: String) {
            let result = try connection.query(
                "SELECT \(columns), pg_current_xact_id()::text FROM totals FOR UPDATE")
            return (try first(of: result), result.text(0, 11))
        }

        private static func first(of result: PostgreSQLResult) throws -> PostgreSQLTotals {
            guard result.count == 1 else { throw StoreError.corrupt("its totals have \(result.count) rows") }
            return PostgreSQLTotals(result)
        }

        private init(_ row: PostgreSQLResult) {
            lastRow = row.integer(0, 0)
            lastUser = Int(row.integer(0, 1))
            lastItem = Int(row.integer(0, 2))
            lastKind = Int(row.integer(0, 3))
            lastReceipt = row.integer(0, 4)
            lastErasure = row.integer(0, 5)
            counts = StoreCounts(
                interactions: Int(row.integer(0, 6)), users: Int(row.integer(0, 7)), items: Int(row.integer(0, 8)),
                userRecords: Int(row.integer(0, 9)), catalogueItems: Int(row.integer(0, 10)))
        }

        func write(to connection: PostgreSQLConnection) throws {
            let values = [
                lastRow, Int64(lastUser), Int64(lastItem), Int64(lastKind), lastReceipt, lastErasure,
                Int64(counts.interactions), Int64(counts.users), Int64(counts.items), Int64(counts.userRecords),
                Int64(counts.catalogueItems),
            ]
            try connection.query(
                """
                UPDATE totals SET (\(Self.columns)) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """, values.map(PostgreSQLValue.integer))
        }
    }
#endif
