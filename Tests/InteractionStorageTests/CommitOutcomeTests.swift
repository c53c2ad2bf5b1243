#if PostgreSQL
    import Dispatch
    import Testing

    @testable import InteractionStorage

    @Suite("PostgreSQL store: what became of a commit")
    struct CommitOutcomeTests {
        let database: TestDatabase
        let sessions: PostgreSQLSessions

        init() throws {
            database = try TestDatabase()
            var configuration = database.configuration
            configuration.outcomeTimeout = .milliseconds(200)
            sessions = PostgreSQLSessions(database.address, configuration)
        }

        /// A transaction that has written something, and its number.
        private func begin() throws -> (PostgreSQLConnection, transaction: String) {
            let connection = try database.connect()
            try connection.run("BEGIN; CREATE TEMPORARY TABLE something ()")
            return (connection, try connection.query("SELECT pg_current_xact_id()::text").text(0, 0))
        }

        private func resolve(_ transaction: String, server: String? = nil) throws {
            let server = try server ?? PostgreSQLSessions.server(of: database.connect())
            try CommitOutcome(transaction: transaction, server: server, sessions: sessions)
                .resolve(after: .lost("why"))
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
                try resolve(transaction)
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
    }
#endif
