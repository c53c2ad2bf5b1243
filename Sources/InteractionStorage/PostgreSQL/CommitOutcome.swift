#if PostgreSQL
    import Glibc

    /// What became of a commit whose answer did not come: asked of the server, which keeps the state of every recent transaction
    /// (`pg_xact_status`), also over its own crash.
    struct CommitOutcome {
        let transaction: String
        let server: String
        let sessions: PostgreSQLSessions

        private static let pause: Duration = .milliseconds(50)

        /// Returns where the transaction was committed.
        ///
        /// - Throws: ``StoreError/unavailable(_:)`` where it was not and never will be, ``StoreError/outcomeUnknown(_:)`` where nobody could be
        ///   asked in time, or only another server than the one that it was sent to.
        func resolve(after failure: PostgreSQLFailure) throws {
            let deadline = ContinuousClock.now + sessions.configuration.outcomeTimeout
            while true {
                switch try? ask() {
                case "committed": return
                case "aborted":
                    throw StoreError.unavailable("the connection broke before the commit: \(failure.message)")
                case "":
                    throw StoreError.outcomeUnknown(
                        "the server cannot tell, or another one has taken over: \(failure.message)")
                // No server yet, or the old session still works on the commit.
                default: break
                }
                guard ContinuousClock.now < deadline else {
                    throw StoreError.outcomeUnknown("the connection broke during the commit: \(failure.message)")
                }
                usleep(useconds_t(Self.pause / .microseconds(1)))
            }
        }

        /// The transaction's state in the server's words; nothing where it is another server.
        private func ask() throws -> String {
            let connection = try sessions.connectReader()
            guard try PostgreSQLSessions.server(of: connection) == server else { return "" }
            return try connection.query("SELECT coalesce(pg_xact_status($1::xid8), '')", [.text(transaction)]).text(
                0, 0)
        }
    }
#endif
