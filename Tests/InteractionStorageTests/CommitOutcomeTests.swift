#if PostgreSQL
    import Dispatch
    import Foundation
    import Testing

    @testable import InteractionStorage

    @Suite("PostgreSQL store: what became of a commit")
    struct CommitOutcomeTests {
        let database: TestDatabase

        init() throws {
            database = try TestDatabase()
        }

        /// A transaction that has written something, and its number.
        private func begin() throws -> (PostgreSQLConnection, transaction: String) {
            let connection = try database.connect()
            try connection.run("BEGIN; CREATE TEMPORARY TABLE something ()")
            return (connection, try connection.query("SELECT pg_current_xact_id()::text").text(0, 0))
        }

        private func resolve(_ transaction: String, server: String? = nil, within limit: Duration = .seconds(30)) throws
        {
            var configuration = database.configuration
            configuration.outcomeTimeout = limit
            let server = try server ?? PostgreSQLSessions.server(of: database.connect())
            try CommitOutcome(
                transaction: transaction, server: server,
                sessions: PostgreSQLSessions(database.address, configuration)
            ).resolve(after: .lost("why"))
        }

        @Test("one that was committed counts")
        func committed() throws {
            let (connection, transaction) = try begin()
            try connection.run("COMMIT")
            try resolve(transaction)
        }

        @Test("one that was not is told as such: nothing was stored")
        func aborted() throws {
            let (connection, transaction) = try begin()
            connection.rollBack()
            #expect(throws: StoreError.unavailable("the connection broke before the commit: why")) {
                try resolve(transaction)
            }
        }

        @Test("one that is still under way is waited for, and unknown where that takes too long")
        func underWay() throws {
            let (connection, transaction) = try begin()
            #expect(throws: StoreError.outcomeUnknown("the connection broke during the commit: why")) {
                try resolve(transaction, within: .milliseconds(100))
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) {
                _ = try? connection.run("COMMIT")
            }
            try resolve(transaction)
        }

        @Test("of another server nothing is believed")
        func anotherServer() throws {
            let (connection, transaction) = try begin()
            try connection.run("COMMIT")
            #expect(throws: StoreError.outcomeUnknown("the server cannot tell, or another one has taken over: why")) {
                try resolve(transaction, server: "7/00000002")
            }
        }

        @Test("a write whose commit is not answered is answered all the same, and stored once")
        func forgottenCommit() throws {
            let url = try #require(URLComponents(string: database.address.url))
            let proxy = try ForgetfulProxy(to: UInt16(try #require(url.port)))
            defer { proxy.close() }
            var nearby = url
            nearby.port = Int(proxy.port)
            let store = try PostgreSQLInteractionStore(
                at: PostgreSQLAddress(url: try #require(nearby.string)), configuration: database.configuration)
            for round in 1...3 {
                proxy.forget()
                let interactions = [Interaction(userID: "u", itemID: "\(round)")]
                #expect(try store.append(interactions, idempotencyKey: nil).watermark == Int64(round))
                #expect(proxy.forgottenCommits == round)
            }
            #expect(try store.everything().map(\.interaction.itemID) == ["1", "2", "3"])
            try store.close()
        }

        @Test("a write that the server ends at its commit has stored nothing, and says so")
        func endedCommit() throws {
            let store = try PostgreSQLInteractionStore(at: database.address, configuration: database.configuration)
            try database.connect().run(
                """
                CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON user_records DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION leave();
                """)
            let error = try #require(throws: StoreError.self) { try store.putUsers([User(id: "u")]) }
            #expect("\(error)".contains("the connection broke before the commit"), "\(error)")
            #expect(try store.user("u") == nil && store.counts.userRecords == 0)
            #expect(try store.append([.complete], idempotencyKey: nil).stored == 1)
        }
    }
#endif
