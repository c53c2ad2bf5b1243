#if PostgreSQL
    import Locking
    import Testing

    @testable import InteractionStorage

    @Suite("PostgreSQL store: the database")
    struct PostgreSQLStoreTests {
        let database: TestDatabase

        init() throws {
            database = try TestDatabase()
        }

        private func open(_ use: PostgreSQLInteractionStore.Use = .beside) throws -> PostgreSQLInteractionStore {
            var configuration = database.configuration
            configuration.use = use
            return try PostgreSQLInteractionStore(at: database.address, configuration: configuration)
        }

        private func tables() throws -> Int64 {
            try database.connect().query(
                "SELECT count(*) FROM pg_class WHERE relnamespace = $1::regnamespace", [.text(database.schema)]
            ).integer(0, 0)
        }

        @Test("a schema newer than this program is refused by its number, and nothing is changed in it")
        func newerSchema() throws {
            try open().close()
            let before = try tables()
            try database.connect().run("UPDATE schema_version SET version = 1000")
            #expect(throws: StoreError.newerSchema(found: 1000, supported: PostgreSQLSchema.current.version)) {
                try open()
            }
            #expect(try tables() == before)
        }

        @Test(
            "a step that a database has not taken is taken once, with all that it holds kept, and wholly or not at all")
        func migration() throws {
            let first = try self.open()
            _ = try first.append([.complete], idempotencyKey: nil)
            try first.close()
            func open(adding step: String) throws -> PostgreSQLInteractionStore {
                let schema = PostgreSQLSchema(steps: PostgreSQLSchema.current.steps + [step])
                return try PostgreSQLInteractionStore(
                    at: database.address, configuration: database.configuration, schema: schema)
            }
            let before = try tables()
            #expect(throws: StoreError.self) { try open(adding: "CREATE TABLE half (); CREATE TABLE totals ()") }
            #expect(try tables() == before)
            try open(adding: "CREATE TABLE more ()").close()
            let store = try open(adding: "CREATE TABLE more ()")
            #expect(try tables() == before + 1)
            #expect(try store.everything().map(\.interaction) == [.complete])
            #expect(try PostgreSQLSchema.version(of: database.connect()) == PostgreSQLSchema.current.version + 1)
            #expect(throws: StoreError.self) { try self.open() }
        }

        @Test("a database from before the quarantine and the order of items gets both and keeps what it holds")
        func beforeQuarantine() throws {
            let schema = PostgreSQLSchema(steps: Array(PostgreSQLSchema.current.steps.prefix(1)))
            let old = try PostgreSQLInteractionStore(
                at: database.address, configuration: database.configuration, schema: schema)
            _ = try old.append([.complete], idempotencyKey: nil)
            try old.close()
            // As this program would have written them then.
            try database.connect().run(
                """
                INSERT INTO catalogue (name, hidden, details) VALUES ('b', false, '\\x010000'), ('a', true, '\\x010000')
                """)
            let store = try open()
            try store.putItems([Item(id: "0"), Item(id: "b", title: "t")])
            #expect(try store.itemsByArrival(after: 0, limit: 9).map(\.item.id) == ["a", "b", "0"])
            #expect(try store.quarantineCounts == QuarantineCounts())
            #expect(try store.everything().map(\.interaction) == [.complete])
        }

        @Test("names that an earlier program kept of nothing go, and are not counted")
        func namesOfNothing() throws {
            let schema = PostgreSQLSchema(steps: Array(PostgreSQLSchema.current.steps.prefix(5)))
            let old = try PostgreSQLInteractionStore(
                at: database.address, configuration: database.configuration, schema: schema)
            _ = try old.append([.complete, Interaction(userID: "gone", itemID: "gone")], idempotencyKey: nil)
            try old.close()
            try database.connect().run(
                "DELETE FROM interactions WHERE row_number = 2; UPDATE totals SET interactions = 1")
            let store = try open()
            #expect(try store.counts == StoreCounts(interactions: 1, users: 1, items: 1))
            let snapshot = try #require(try store.scanned().snapshot)
            #expect(snapshot.userIDs.count == 1 && snapshot.itemIDs.count == 1)
            _ = try store.append([Interaction(userID: "gone", itemID: "gone")], idempotencyKey: nil)
            #expect(try store.counts == StoreCounts(interactions: 2, users: 2, items: 2))
        }

        @Test("more rows go from quarantine at once than are looked at in one question")
        func manyDropped() throws {
            let store = try open()
            let rows = (1...2_500).map { line in
                QuarantinedRow(upload: "a", format: .csv, line: line, text: [1], detail: "", time: 0)
            }
            let wide = QuarantineBounds(rows: 9_000, bytes: 1 << 20)
            #expect(try store.quarantine(rows, begunAfter: nil, within: wide).kept == 2_500)
            let last = QuarantinedRow(upload: "b", format: .csv, line: 1, text: [1], detail: "", time: 0)
            let narrow = QuarantineBounds(rows: 9_000, bytes: last.size * 3)
            #expect(
                try store.quarantine([last], begunAfter: nil, within: narrow)
                    == QuarantineReceipt(kept: 1, dropped: 2_498))
            let held = try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9)
            #expect(held.map(\.id) == [2_499, 2_500, 2_501])
            #expect(try store.quarantineCounts == QuarantineCounts(rows: 3, bytes: last.size * 3, dropped: 2_498))
        }

        @Test("a request that PostgreSQL itself refuses leaves the others of its group in place")
        func unforeseenFailure() throws {
            let store = try open()
            try database.connect().run(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
                CREATE TRIGGER refuse BEFORE INSERT ON interactions FOR EACH ROW WHEN (NEW.interaction_id = 'bad')
                    EXECUTE FUNCTION refuse();
                """)
            func request(_ user: String, _ id: String) -> AppendRequest {
                AppendRequest(
                    interactions: [
                        Interaction(userID: user, itemID: "i"),
                        Interaction(userID: user, itemID: "i", interactionID: id),
                    ], idempotencyKey: id)
            }
            let results = try store.append(group: [request("a", "1"), request("b", "bad"), request("c", "2")])
            #expect(
                results == [
                    .success(AppendReceipt(stored: 2, duplicates: 0, watermark: 2)),
                    .failure(.failed(operation: "append", reason: "no")),
                    .success(AppendReceipt(stored: 2, duplicates: 0, watermark: 4)),
                ])
            #expect(try store.counts == StoreCounts(interactions: 4, users: 2, items: 1))
            #expect(try store.scanned().rows.map(\.interaction.userID) == ["a", "a", "c", "c"])
        }

        @Test(
            "one program serves, no import beside it; who only reads is always welcome, and who closes leaves the place"
        )
        func rights() throws {
            let serving = try open(.serving)
            let another = StoreError.unavailable("another nectar serves from this database, or imports into it")
            #expect(throws: another) { try open(.serving) }
            #expect(
                throws: StoreError.unavailable(
                    "a nectar serves from this database and would not learn of what is imported")
            ) { try open(.importing) }
            let reading = try open()
            #expect(try reading.counts == StoreCounts())
            try serving.close()
            let imports = [try open(.importing), try open(.importing)]
            #expect(throws: another) { try open(.serving) }
            for store in imports { try store.close() }
            let successor = try open(.serving)
            _ = try successor.append([.complete], idempotencyKey: nil)
            #expect(try reading.watermark == 1)
        }

        @Test("two schemas of one database are two stores")
        func schemas() throws {
            let other = try TestDatabase()
            let stores = try [
                open(.serving), PostgreSQLInteractionStore(at: other.address, configuration: other.configuration),
            ]
            _ = try stores[0].append([.complete], idempotencyKey: nil)
            #expect(try stores.map { try $0.counts.interactions } == [1, 0])
            try stores[1].close()
        }

        @Test("a commit is on stable storage before it is answered, whatever the database's default is")
        func synchronousCommit() throws {
            let connection = try database.connect()
            let name = try connection.query("SELECT current_user").text(0, 0)
            try connection.run("ALTER ROLE \"\(name)\" IN DATABASE postgres SET synchronous_commit = off")
            defer { _ = try? connection.run("ALTER ROLE \"\(name)\" IN DATABASE postgres RESET synchronous_commit") }
            #expect(try database.connect().query("SHOW synchronous_commit").text(0, 0) == "off")
            let store = try open()
            let setting = try store.write("asking") { connection, _ in
                try connection.query("SHOW synchronous_commit").text(0, 0)
            }
            #expect(setting == "on")
        }

        static let mapped: [(state: String, lost: Bool, StoreError)] = [
            ("53100", false, .noSpace("op: why")),
            ("XX001", false, .corrupt("why")),
            ("57P01", true, .unavailable("op: why")),
            ("57014", false, .unavailable("op: why")),
            ("40001", false, .unavailable("op: why")),
            ("53300", false, .unavailable("op: why")),
            ("28P01", false, .unavailable("op: why")),
            ("25006", false, .unavailable("op: why")),
            ("", true, .unavailable("op: why")),
            ("23505", false, .failed(operation: "op", reason: "why")),
            ("42P01", false, .failed(operation: "op", reason: "why")),
        ]

        @Test("PostgreSQL's states are put into the store's terms", arguments: mapped)
        func errors(_ state: String, _ isLost: Bool, _ expected: StoreError) {
            let failure = PostgreSQLFailure(state: state, "why\n", isConnectionLost: isLost)
            #expect(StoreError(failure, during: "op") == expected)
        }
    }
#endif
