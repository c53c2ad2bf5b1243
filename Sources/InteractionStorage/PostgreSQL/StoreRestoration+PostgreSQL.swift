#if PostgreSQL
    import GRDB

    extension StoreRestoration {
        /// Verifies the backup and restores it into a PostgreSQL store, whose former content stays in a schema of another name. ``path`` is
        /// where the copy is prepared.
        ///
        /// The backup may have been made of any store: so one moves from SQLite to PostgreSQL.
        ///
        /// - Throws: ``StoreError``; the store is then as it was.
        public func restore(into store: PostgreSQLInteractionStore) throws(StoreError) -> Outcome {
            do {
                let prepared = "\(path).restoring"
                defer { Self.remove(prepared) }
                let description = try copyBackup(to: prepared)
                let former = try FormerStore(reading: store, identity: try store.identity)
                var outcome = try prepare(prepared, description, former)
                try Self.endLog(of: prepared)
                outcome.replaced = try store.replaceAll(by: prepared, at: now)
                return outcome
            } catch {
                throw StoreError(error, during: "restoring \(backup)")
            }
        }
    }

    extension PostgreSQLInteractionStore {
        /// By what the store is told from others.
        fileprivate var identity: String? {
            get throws(StoreError) {
                try read("reading the identity") { connection in
                    let rows = try connection.query("SELECT name FROM identity")
                    return rows.count == 1 ? rows.text(0, 0) : nil
                }
            }
        }

        /// Puts the content of a SQLite store in the place of this one's, in one transaction; returns the schema that the former content is
        /// in, nil where there was none.
        fileprivate func replaceAll(by path: String, at milliseconds: Int64) throws(StoreError) -> String? {
            let aside = "\(configuration.schema)_replaced_\(milliseconds)"
            let name = PostgreSQLSchema.quoted(configuration.schema)
            return try write("restoring") { connection, totals in
                let wasEmpty =
                    try totals.lastRow == 0 && totals.lastErasure == 0 && totals.counts == StoreCounts()
                    && connection.query("SELECT 1 FROM quarantine LIMIT 1").count == 0
                // With the schema all that is in it has another name, and statements look for it anew.
                try connection.run(
                    "ALTER SCHEMA \(name) RENAME TO \(PostgreSQLSchema.quoted(aside)); CREATE SCHEMA \(name)")
                try PostgreSQLSchema.current.create(connection)
                try connection.run(CopiedTable.clearing)
                var configuration = GRDB.Configuration()
                configuration.readonly = true
                totals = try DatabaseQueue(path: path, configuration: configuration).read { database in
                    for table in CopiedTable.all { try table.copy(from: database, to: connection) }
                    return PostgreSQLTotals(
                        try StoreTotals(reading: database),
                        lastReceipt: try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM receipts") ?? 0,
                        lastErasure: try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM erasures") ?? 0,
                        writes: totals.writes)
                }
                // Who has just written, and not heard of it, still has to find it.
                try connection.run(
                    "UPDATE totals SET marks = former.marks FROM \(PostgreSQLSchema.quoted(aside)).totals AS former")
                if wasEmpty { try connection.run("DROP SCHEMA \(PostgreSQLSchema.quoted(aside)) CASCADE") }
                return wasEmpty ? nil : aside
            }
        }
    }

    extension PostgreSQLTotals {
        /// What a SQLite store counts, and what it does not keep apart.
        fileprivate init(_ totals: StoreTotals, lastReceipt: Int64, lastErasure: Int64, writes: Int64) {
            lastRow = totals.lastRow
            lastUser = totals.lastUser
            lastItem = totals.lastItem
            lastKind = totals.lastKind
            self.lastReceipt = lastReceipt
            self.lastErasure = lastErasure
            self.writes = writes
            counts = totals.counts
        }
    }
#endif
