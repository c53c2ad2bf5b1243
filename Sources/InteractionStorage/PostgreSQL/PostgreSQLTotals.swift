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
        /// How many transactions have written.
        var writes: Int64

        private static let columns = """
            last_row, last_user, last_item, last_kind, last_receipt, last_erasure, interactions, users, items, user_records, \
            catalogue_items, writes
            """

        /// Reads them as they are in the transaction's view.
        init(reading connection: PostgreSQLConnection) throws {
            self = try Self.first(of: connection.query("SELECT \(Self.columns) FROM totals"))
        }

        /// Waits for every other transaction that writes to end, keeps others from beginning, and reads what those have left.
        static func lock(_ connection: PostgreSQLConnection) throws -> PostgreSQLTotals {
            try first(of: connection.query("SELECT \(columns) FROM totals FOR UPDATE"))
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
            writes = row.integer(0, 11)
        }

        /// Writes them back, as a transaction does last; returns by what it is known again.
        func write(to connection: PostgreSQLConnection) throws -> CommitOutcome.Mark {
            let mark = CommitOutcome.Mark(write: writes + 1, value: .random(in: .min ... .max))
            let values = [
                lastRow, Int64(lastUser), Int64(lastItem), Int64(lastKind), lastReceipt, lastErasure,
                Int64(counts.interactions), Int64(counts.users), Int64(counts.items), Int64(counts.userRecords),
                Int64(counts.catalogueItems), mark.write, mark.value,
            ]
            try connection.query(
                """
                UPDATE totals SET (\(Self.columns), marks) =
                    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, (marks || $13)[2:])
                """, values.map(PostgreSQLValue.integer))
            return mark
        }
    }
#endif
