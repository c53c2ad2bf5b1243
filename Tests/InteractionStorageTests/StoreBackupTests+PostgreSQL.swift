#if PostgreSQL
    import Testing

    @testable import InteractionStorage

    // Restoring into PostgreSQL.
    extension StoreBackupTests {
        @Test(
            "a backup of a SQLite store is restored into PostgreSQL: who was erased there stays erased, and the rest is kept"
        )
        func intoPostgreSQL() throws {
            try prepare()
            let database = try TestDatabase()
            defer { _ = try? database.connect().run("DROP SCHEMA IF EXISTS \(database.schema)_replaced_9001 CASCADE") }
            let store = try PostgreSQLInteractionStore(at: database.address, configuration: database.configuration)
            func restore(at now: Int64) throws -> StoreRestoration.Outcome {
                try StoreRestoration(backup: copy, path: path, lowestRow: 2500, now: now).restore(into: store)
            }
            let moved = try restore(at: 9_000)
            #expect(moved.replaced == nil && moved.movedAfter == nil)
            let original = try SQLiteInteractionStore(path: path)
            #expect(try store.everything() == original.everything() && store.counts == original.counts)
            #expect(try store.itemsByArrival(after: 0, limit: 9) == original.itemsByArrival(after: 0, limit: 9))
            #expect(try store.quarantineCounts == original.quarantineCounts)
            #expect(try store.append(interactions(0..<2000), idempotencyKey: "k").stored == 2000)
            #expect(try store.counts.interactions == 2000 && store.watermark == 2500)
            // Once more, over what has happened since.
            try store.eraseUser("u1", at: 7_000)
            #expect(try store.append([Interaction(userID: "new", itemID: "i")], idempotencyKey: nil).watermark == 2501)
            let outcome = try restore(at: 9_001)
            #expect(outcome.erased == 1 && outcome.replaced == "\(database.schema)_replaced_9001")
            // To this database it is another store's backup, whose rows stand behind all that were given out.
            #expect(try outcome.movedAfter == 2501 && store.watermark == 4501)
            #expect(try store.counts.interactions == 1971)
            #expect(try store.user("u1") == nil && store.tombstones(after: 0).contains("u1"))
            let late = Interaction(userID: "u1", itemID: "i", timestamp: 6_000)
            #expect(try store.append([late], idempotencyKey: nil).erased == 1)
            let aside = try database.connect().query(
                "SELECT count(*) FROM \(database.schema)_replaced_9001.interactions")
            #expect(aside.integer(0, 0) == 1972)
        }

        @Test("whom a PostgreSQL store has erased stays out when a backup of another store takes its place")
        func ghostOfPostgreSQL() throws {
            try prepare()
            let database = try TestDatabase()
            defer { _ = try? database.connect().run("DROP SCHEMA IF EXISTS \(database.schema)_replaced_9000 CASCADE") }
            let store = try PostgreSQLInteractionStore(at: database.address, configuration: database.configuration)
            try store.eraseUser("ghost", at: 6_000)
            try store.eraseUser("u1", at: 6_001)
            let restoration = StoreRestoration(backup: copy, path: path, lowestRow: 0, now: 9_000)
            #expect(try restoration.restore(into: store).erased == 1)
            let late = ["ghost", "u1"].map { Interaction(userID: $0, itemID: "i", timestamp: 5_999) }
            #expect(try store.append(late, idempotencyKey: nil).erased == 2)
            #expect(try store.putUsers([User(id: "ghost")], begunAfter: 0).erased == 1)
            // It goes along from there.
            _ = try store.backUp(to: directory.file("again.sqlite"), at: 9_500)
            let copied = try SQLiteInteractionStore(path: directory.file("again.sqlite"))
            #expect(try copied.append(late, idempotencyKey: nil).erased == 2)
        }

        @Test("quarantined rows go into PostgreSQL but those of who was erased there, and what was there is set aside")
        func quarantineIntoPostgreSQL() throws {
            let rows = [("u", 1), ("v", 2), (nil, 3)].map { user, line in
                QuarantinedRow(
                    upload: "a", format: .csv, line: line, text: [0xFF, 0], detail: "", userID: user, time: 0)
            }
            let bounds = QuarantineBounds(rows: 9, bytes: 999)
            let original = try SQLiteInteractionStore(path: path)
            try original.quarantine(rows, begunAfter: nil, within: bounds)
            _ = try original.backUp(to: copy, at: 5_000)
            let database = try TestDatabase()
            defer {
                for name in ["9000", "9001"] {
                    _ = try? database.connect().run("DROP SCHEMA IF EXISTS \(database.schema)_replaced_\(name) CASCADE")
                }
            }
            let store = try PostgreSQLInteractionStore(at: database.address, configuration: database.configuration)
            func restore(at now: Int64) throws -> StoreRestoration.Outcome {
                try StoreRestoration(backup: copy, path: path, lowestRow: 0, now: now).restore(into: store)
            }
            func held() throws -> [QuarantinedRow] {
                try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9)
            }
            // A quarantine alone is worth keeping, too.
            try store.quarantine([rows[0]], begunAfter: nil, within: bounds)
            #expect(try restore(at: 9_000).replaced == "\(database.schema)_replaced_9000")
            #expect(try held() == original.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9))
            #expect(try store.eraseUser("u", at: 6_000).quarantined == 1)
            #expect(try restore(at: 9_001).erased == 1)
            #expect(try held().map(\.line) == [2])
            #expect(try store.quarantineCounts == QuarantineCounts(rows: 1, bytes: rows[1].size))
        }

        @Test("a damaged backup leaves a PostgreSQL store as it was")
        func damagedIntoPostgreSQL() throws {
            try prepare()
            let database = try TestDatabase()
            let store = try PostgreSQLInteractionStore(at: database.address, configuration: database.configuration)
            _ = try store.append([.complete], idempotencyKey: nil)
            try directory.write(directory.bytes("backup.sqlite").dropLast(4096), to: "backup.sqlite")
            #expect(throws: StoreError.self) {
                try StoreRestoration(backup: copy, path: path, lowestRow: 0, now: 0).restore(into: store)
            }
            #expect(try store.everything().map(\.interaction) == [.complete])
        }
    }
#endif
