#if PostgreSQL
    import GRDB
    import Glibc

    extension PostgreSQLInteractionStore {
        /// Copies the store, as of one moment, into a new SQLite file at `path`; see ``InteractionStore/backUp(to:at:)``.
        ///
        /// It is the same file that a SQLite store backs up into, verified in the same way: what is restored from it need not be in
        /// PostgreSQL again.
        public func backUp(to path: String, at milliseconds: Int64) throws(StoreError) -> StoreBackup {
            do {
                try StoreBackup.checkName(path)
                let file = try UnfinishedFile(for: path)
                defer { file.remove() }
                let temporary = file.path
                let totals = try readMoment("backing up") { connection in try Self.copy(connection, to: temporary) }
                let contents = try StoreBackup.contents(of: temporary)
                guard contents.totals == totals else {
                    throw StoreError.corrupt("\(temporary) holds something else than the database")
                }
                let backup = StoreBackup(
                    createdAt: milliseconds, digest: try FileDigest(path: temporary), contents: contents)
                try backup.put(temporary, at: path)
                return backup
            } catch {
                throw StoreError(error, during: "backing up")
            }
        }

        /// Makes a SQLite store of all that the transaction sees; returns what it must hold.
        private static func copy(_ connection: PostgreSQLConnection, to path: String) throws -> StoreTotals {
            let totals = StoreTotals(try PostgreSQLTotals(reading: connection))
            let copy = try DatabaseQueue(path: path, configuration: PageGaps.configuration)
            try copy.inDatabase { database in
                // Nobody has a use for half of it; it is synced as a whole before it gets its name.
                try database.execute(sql: "PRAGMA synchronous = OFF")
                try StoreSchema.current.migrate(database)
                try database.inTransaction {
                    try database.execute(sql: CopiedTable.clearing)
                    for table in CopiedTable.all { try table.copy(from: connection, to: database) }
                    try totals.write(to: database)
                    return .commit
                }
            }
            try copy.close()
            return totals
        }
    }

    extension StoreTotals {
        /// What SQLite counts of it.
        fileprivate init(_ totals: PostgreSQLTotals) {
            lastRow = totals.lastRow
            lastUser = totals.lastUser
            lastItem = totals.lastItem
            lastKind = totals.lastKind
            counts = totals.counts
        }
    }
#endif
