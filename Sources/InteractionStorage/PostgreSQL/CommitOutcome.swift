#if PostgreSQL
    import Glibc

    /// What became of a commit whose answer did not come: looked up in what the transaction itself has written.
    ///
    /// Not asked by the transaction's number (`pg_xact_status`): what a crash takes has its number given out again, and somebody else's
    /// transaction would be taken for it.
    struct CommitOutcome {
        /// What a transaction leaves in `totals`.
        struct Mark {
            /// Its place among all transactions that wrote.
            var write: Int64
            /// A number that no other leaves there.
            var value: Int64
        }

        private enum Finding {
            case committed
            case lost
            /// Its mark would have been overwritten by those of others.
            case unknowable
        }

        let mark: Mark
        let sessions: PostgreSQLSessions

        /// How many marks there are, the latest.
        static let marksKept = 16
        private static let pause: Duration = .milliseconds(50)

        /// Returns where the transaction was committed.
        ///
        /// - Throws: ``StoreError/unavailable(_:)`` where it was not and never will be, ``StoreError/outcomeUnknown(_:)`` where that could not
        ///   be looked up in time, or no more, for too many others have written since.
        func resolve(after failure: PostgreSQLFailure) throws {
            let deadline = ContinuousClock.now + sessions.configuration.outcomeTimeout
            while true {
                switch try? look() {
                case .committed: return
                case .lost:
                    throw StoreError.unavailable("the connection broke before the commit: \(failure.message)")
                case .unknowable: throw StoreError.outcomeUnknown("others have written since: \(failure.message)")
                case nil: break
                }
                guard ContinuousClock.now < deadline else {
                    throw StoreError.outcomeUnknown("the connection broke during the commit: \(failure.message)")
                }
                usleep(useconds_t(Self.pause / .microseconds(1)))
            }
        }

        /// Looks for the mark. Waits for the transaction to end if it is still under way, for that has the row locked.
        private func look() throws -> Finding {
            let connection = try sessions.connectReader()
            try connection.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            let totals = try connection.query(
                "SELECT writes, marks[$1 - writes + $2] FROM totals FOR UPDATE",
                [.integer(Int64(Self.marksKept)), .integer(mark.write)])
            connection.rollBack()
            guard totals.count == 1 else { return .unknowable }
            let later = totals.integer(0, 0) - mark.write
            if later >= Int64(Self.marksKept) { return .unknowable }
            return later >= 0 && totals.integer(0, 1) == mark.value ? .committed : .lost
        }
    }
#endif
