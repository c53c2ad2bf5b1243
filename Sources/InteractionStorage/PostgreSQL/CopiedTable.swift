#if PostgreSQL
    import Foundation
    import GRDB

    /// A table that a backup's SQLite file and a PostgreSQL store have in common, and how a row goes from one to the other.
    struct CopiedTable {
        /// What a column holds in either.
        enum Content {
            /// `INTEGER`; `bigint`.
            case integer
            /// `INTEGER`; `integer`.
            case key
            /// `INTEGER`, 0 or 1; `boolean`.
            case flag
            /// `REAL`; `double precision`.
            case double
            /// `TEXT`; `text`.
            case text
            /// `BLOB`; `bytea`.
            case bytes
        }

        /// One column; the names differ where PostgreSQL would want quotes.
        struct Column {
            var sqlite: String
            var postgreSQL: String
            var content: Content

            init(_ name: String, _ content: Content, inSQLite sqlite: String? = nil) {
                self.sqlite = sqlite ?? name
                postgreSQL = name
                self.content = content
            }
        }

        var name: String
        var columns: [Column]

        /// All but the totals, which each counts in its own way.
        static let all =
            ["user_names", "item_names", "kind_names"].map {
                CopiedTable(name: $0, columns: [Column("key", .key), Column("name", .text)])
            } + [
                CopiedTable(
                    name: "interactions",
                    columns: [
                        Column("row_number", .integer, inSQLite: "row"),
                        Column("happened_at", .integer, inSQLite: "timestamp"),
                        Column("rating", .double), Column("weight", .double),
                        Column("user_key", .key, inSQLite: "user"),
                        Column("item_key", .key, inSQLite: "item"), Column("kind_key", .key, inSQLite: "kind"),
                        Column("interaction_id", .text),
                    ]),
                CopiedTable(
                    name: "receipts",
                    columns: [
                        Column("sequence", .integer), Column("idempotency_key", .text), Column("stored", .integer),
                        Column("duplicates", .integer), Column("erased", .integer), Column("watermark", .integer),
                        Column("fingerprint", .integer),
                    ]),
                CopiedTable(
                    name: "catalogue",
                    columns: [
                        Column("arrival", .integer, inSQLite: "key"), Column("name", .text), Column("title", .text),
                        Column("domain", .text), Column("hidden", .flag), Column("available_from", .integer),
                        Column("available_until", .integer), Column("details", .bytes),
                    ]),
                CopiedTable(name: "withdrawn_items", columns: [Column("name", .text)]),
                CopiedTable(name: "user_records", columns: [Column("name", .text), Column("details", .bytes)]),
                CopiedTable(
                    name: "erasures",
                    columns: [
                        Column("sequence", .integer), Column("digest", .bytes), Column("erased_at", .integer),
                        Column("pending", .flag),
                    ]),
                CopiedTable(name: "erasure_key", columns: [Column("key", .bytes)]),
                CopiedTable(name: "other_erasure_keys", columns: [Column("key", .bytes)]),
                CopiedTable(name: "identity", columns: [Column("name", .text)]),
                CopiedTable(
                    name: "quarantine",
                    columns: [
                        Column("id", .integer), Column("upload", .text), Column("line", .integer),
                        Column("format", .text), Column("text", .bytes), Column("is_cut", .flag),
                        Column("detail", .text), Column("user_id", .text, inSQLite: "user"), Column("time", .integer),
                        Column("size", .integer),
                    ]),
                CopiedTable(
                    name: "quarantine_totals",
                    columns: ["last", "rows", "bytes", "dropped"].map { Column($0, .integer) }),
            ]

        /// Takes away the single rows that either is made with, so that those of the other take their places.
        static let clearing = "DELETE FROM erasure_key; DELETE FROM identity; DELETE FROM quarantine_totals"

        private var postgreSQLColumns: String { columns.map(\.postgreSQL).joined(separator: ", ") }
        private var sqliteColumns: String { columns.map(\.sqlite).joined(separator: ", ") }

        /// Copies every row into the SQLite database, which has the table, empty.
        func copy(from connection: PostgreSQLConnection, to database: Database) throws {
            let places = columns.map { _ in "?" }.joined(separator: ", ")
            let insert = try database.makeStatement(sql: "INSERT INTO \(name) (\(sqliteColumns)) VALUES (\(places))")
            let order = columns[0].postgreSQL
            try connection.copyOut(
                "COPY (SELECT \(postgreSQLColumns) FROM \(name) ORDER BY \(order)) TO STDOUT (FORMAT binary)"
            ) { row in
                var row = row
                let values = columns.map { column -> (any DatabaseValueConvertible)? in
                    switch column.content {
                    case .integer, .key, .flag: row.integer()
                    case .double: row.double()
                    case .text: row.text()
                    case .bytes: row.bytes().map { Data($0) }
                    }
                }
                insert.setUncheckedArguments(StatementArguments(values))
                try insert.execute()
                return true
            }
        }

        /// Copies every row into the PostgreSQL table, which is empty; many in one statement, so that neither side holds them all.
        func copy(from database: Database, to connection: PostgreSQLConnection) throws {
            let rows = try Row.fetchCursor(database, sql: "SELECT \(sqliteColumns) FROM \(name)")
            let statement = "COPY \(name) (\(postgreSQLColumns)) FROM STDIN (FORMAT binary)"
            var batch = PostgreSQLRows()
            while let row = try rows.next() {
                batch.begin(fields: columns.count)
                for (index, column) in columns.enumerated() {
                    switch column.content {
                    case .integer: batch.append(row[index] as Int64?)
                    case .key: batch.append(key: row[index] as Int?)
                    case .flag: batch.append(row[index] as Bool)
                    case .double: batch.append(row[index] as Double?)
                    case .text: batch.append(row[index] as String?)
                    case .bytes: batch.append([UInt8](row[index] as Data))
                    }
                }
                if batch.byteCount > Self.batchBytes {
                    try connection.copyIn(statement, batch)
                    batch = PostgreSQLRows()
                }
            }
            if !batch.isEmpty { try connection.copyIn(statement, batch) }
        }

        private static let batchBytes = 4 << 20
    }
#endif
