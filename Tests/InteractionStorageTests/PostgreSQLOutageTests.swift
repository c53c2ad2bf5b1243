#if PostgreSQL
    import Foundation
    import Testing

    @testable import InteractionStorage

    @Suite("PostgreSQL store: when the server goes away")
    struct PostgreSQLOutageTests {
        /// Ends all sessions of a store but the one that asks.
        private func endSessions(of database: TestDatabase) throws {
            // The sessions of one test are told from another's by what they look for names in.
            let connection = try database.connect()
            for process in try processes(of: database) {
                try connection.query("SELECT pg_terminate_backend($1::int, 5000)", [.integer(process)])
            }
        }

        private func processes(of database: TestDatabase) throws -> [Int64] {
            let rows = try database.connect().query(
                "SELECT pid::bigint FROM pg_stat_activity WHERE application_name = $1", [.text(database.schema)])
            return (0..<rows.count).map { rows.integer($0, 0) }
        }

        /// A store whose sessions bear the test's name.
        private func open(_ database: TestDatabase) throws -> PostgreSQLInteractionStore {
            let address = try PostgreSQLAddress(url: "\(database.address.url)?application_name=\(database.schema)")
            return try PostgreSQLInteractionStore(at: address, configuration: database.configuration)
        }

        @Test("sessions that the server has ended are made anew, and nobody notices")
        func idleSessions() throws {
            let database = try TestDatabase()
            let store = try open(database)
            for round in 0..<3 {
                #expect(try store.append([.complete], idempotencyKey: "\(round)").watermark == 1)
                #expect(try store.everything().count == 1)
                let before = try processes(of: database)
                #expect(before.count == 2)
                try endSessions(of: database)
                #expect(try processes(of: database) == [])
            }
            #expect(try store.counts.interactions == 1)
            #expect(try store.append([.complete], idempotencyKey: nil).duplicates == 1)
        }

        @Test("a write whose session ends before its commit has stored nothing, and the next one is as ever")
        func lostWrite() throws {
            let database = try TestDatabase()
            let store = try open(database)
            let error = try #require(throws: StoreError.self) {
                try store.write("testing") { connection, totals in
                    try connection.query("INSERT INTO withdrawn_items VALUES ('i')")
                    totals.counts.items += 1
                    try endSessions(of: database)
                }
            }
            guard case .unavailable = error else {
                Issue.record("\(error)")
                return
            }
            #expect(try store.withdrawnItems(after: nil, limit: 9) == [] && store.counts == StoreCounts())
            #expect(try store.append([.complete], idempotencyKey: nil).stored == 1)
        }

        @Test("a session that is lost during a scan ends it with an error, not with fewer rows")
        func lostScan() throws {
            let database = try TestDatabase()
            let store = try open(database)
            // More than the buffers on the way hold.
            let rows = (0..<200_000).map { Interaction(userID: "u", itemID: "\($0 % 9)") }
            _ = try store.append(rows, idempotencyKey: nil)
            let error = try #require(throws: StoreError.self) {
                try store.scan(after: 0, begin: { _ in }) { row in
                    if row.rowID == 1 { try? endSessions(of: database) }
                    return true
                }
            }
            guard case .unavailable = error else {
                Issue.record("\(error)")
                return
            }
            #expect(try store.scan(after: 0, begin: { _ in }) { _ in true } == rows.count)
        }

        @Test("a scan that is stopped leaves the store as it was")
        func stoppedScan() throws {
            let database = try TestDatabase()
            let store = try open(database)
            _ = try store.append((0..<100).map { Interaction(userID: "u", itemID: "\($0)") }, idempotencyKey: nil)
            for _ in 0..<10 { #expect(try store.scan(after: 0, begin: { _ in }) { $0.rowID < 3 } == 3) }
            #expect(try store.everything().count == 100)
        }

        @Test("a server that is silent is given up")
        func silence() throws {
            let connection = try PostgreSQLConnection(
                to: TestDatabase().address, connectTimeout: .seconds(5), patience: .milliseconds(50))
            let failure = try #require(throws: PostgreSQLFailure.self) { try connection.run("SELECT pg_sleep(60)") }
            #expect(failure.isConnectionLost && failure.message.hasPrefix("no answer within"))
            #expect(!connection.isUsable)
        }

        @Test("a server that stops is told at once and after a while found again, with all that was stored")
        func restart() throws {
            let server = try TestServer()
            defer { server.remove() }
            var configuration = PostgreSQLInteractionStore.Configuration()
            configuration.use = .serving
            let store = try PostgreSQLInteractionStore(at: server.address, configuration: configuration)
            for (round, end) in ["stop", "crash"].enumerated() {
                _ = try store.append([.complete, Interaction(userID: "u", itemID: "i")], idempotencyKey: "\(round)")
                #expect(try store.everything().count == round + 2)
                try server.control(end)
                for _ in 0..<3 {
                    for attempt in [{ _ = try store.watermark }, { _ = try store.append([], idempotencyKey: nil) }] {
                        let error = try #require(throws: StoreError.self) { try attempt() }
                        guard case .unavailable = error else {
                            Issue.record("\(error)")
                            return
                        }
                    }
                }
                try server.control("start")
                // As a probe does it: until it is ready. The limit is for a store that never comes back.
                let deadline = ContinuousClock.now + .seconds(30)
                while (try? store.watermark) == nil, ContinuousClock.now < deadline { usleep(10_000) }
                #expect(try store.watermark == Int64(round + 2))
                while (try? store.append([], idempotencyKey: nil)) == nil, ContinuousClock.now < deadline {
                    usleep(10_000)
                }
                #expect(try store.append([], idempotencyKey: nil).stored == 0)
            }
            try store.close()
        }
    }
#endif
