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

        /// A session in which another store's transaction has written all but its commit, and its mark.
        private func begin() throws -> (PostgreSQLConnection, CommitOutcome.Mark) {
            let connection = try database.connect()
            try connection.run("BEGIN")
            return (connection, try PostgreSQLTotals.lock(connection).write(to: connection))
        }

        private func resolve(_ mark: CommitOutcome.Mark, within limit: Duration = .seconds(30)) throws {
            var configuration = database.configuration
            configuration.outcomeTimeout = limit
            configuration.statementTimeout = .milliseconds(200)
            try CommitOutcome(mark: mark, sessions: PostgreSQLSessions(database.address, configuration))
                .resolve(after: .lost("why"))
        }

        private func write(_ count: Int) throws {
            let store = try PostgreSQLInteractionStore(at: database.address, configuration: database.configuration)
            for _ in 0..<count { _ = try store.append([Interaction(userID: "u", itemID: "i")], idempotencyKey: nil) }
            try store.close()
        }

        private static let lost = StoreError.unavailable("the connection broke before the commit: why")

        @Test("one that was committed counts, also when others have written since")
        func committed() throws {
            try write(20)
            let (connection, mark) = try begin()
            try connection.run("COMMIT")
            try resolve(mark)
            try write(CommitOutcome.marksKept - 1)
            try resolve(mark)
            try write(1)
            #expect(throws: StoreError.outcomeUnknown("others have written since: why")) { try resolve(mark) }
        }

        @Test("one that was not is told as such, also when another has taken its place: nothing was stored")
        func lost() throws {
            try write(3)
            let (connection, mark) = try begin()
            connection.rollBack()
            #expect(throws: Self.lost) { try resolve(mark) }
            try write(1)
            #expect(throws: Self.lost) { try resolve(mark) }
            try write(5)
            #expect(throws: Self.lost) { try resolve(mark) }
        }

        @Test("one that is still under way is waited for, and unknown where that takes too long")
        func underWay() throws {
            try write(1)
            let (connection, mark) = try begin()
            #expect(throws: StoreError.outcomeUnknown("the connection broke during the commit: why")) {
                try resolve(mark, within: .milliseconds(100))
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) {
                _ = try? connection.run("COMMIT")
            }
            try resolve(mark)
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
