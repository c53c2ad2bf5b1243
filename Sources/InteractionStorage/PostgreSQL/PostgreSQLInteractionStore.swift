#if PostgreSQL
    import Glibc
    import Locking

    /// The shared store: a schema of a PostgreSQL database (13 or newer), reached through libpq.
    ///
    /// One connection writes, readers are beside it. A commit is on stable storage before a method returns (`synchronous_commit` is
    /// never off). Transactions that write take turns, also those of other programs: whoever writes locks the row of totals. Where
    /// the connection breaks while a commit is under way, what became of it is looked up afterwards; nothing is ever
    /// sent again on a guess. A schema that is newer than this program is refused, and nothing is changed in it.
    public final class PostgreSQLInteractionStore: InteractionStore {
        /// What a program does with the store, beside others.
        public enum Use: Sendable {
            /// Serving from it: by one program alone, for its memory knows only of its own writes.
            case serving
            /// Importing, beside other imports.
            case importing
            /// Reading, mostly: beside whatever there is.
            case beside

            var refusal: String {
                switch self {
                case .serving: "another nectar serves from this database, or imports into it"
                case .importing: "a nectar serves from this database and would not learn of what is imported"
                case .beside: ""
                }
            }
        }

        /// Limits and sizes, each with its default.
        public struct Configuration: Sendable {
            /// The schema of the database that holds the tables; made where it is missing.
            public var schema = "nectar"
            /// What the program does with the store; the right to it is held by the session that writes, and goes with it.
            public var use = Use.beside
            /// How many reads may go on at once, each over a connection of its own.
            public var maximumReaders = 4
            /// How long a connection may take to come about.
            public var connectTimeout: Duration = .seconds(5)
            /// How long a statement may take (that of a scan: how long it may be silent).
            public var statementTimeout: Duration = .seconds(30)
            /// How long to go on asking what became of a commit that was not answered.
            public var outcomeTimeout: Duration = .seconds(10)
            /// How many receipts of idempotency keys are kept, the latest ones.
            public var receiptsKept = 100_000

            /// The defaults.
            public init() {}

            var statementMilliseconds: Int64 {
                let (seconds, attoseconds) = statementTimeout.components
                return seconds * 1000 + attoseconds / 1_000_000_000_000_000
            }
        }

        let configuration: Configuration
        private let sessions: PostgreSQLSessions

        /// Connects to the database and brings its schema up to date, or makes it where there is none.
        ///
        /// - Throws: ``StoreError/unavailable(_:)`` with the reason where the server cannot be reached or refuses.
        public convenience init(
            at address: PostgreSQLAddress, configuration: Configuration = Configuration()
        ) throws(StoreError) {
            try self.init(at: address, configuration: configuration, schema: .current)
        }

        init(at address: PostgreSQLAddress, configuration: Configuration, schema: PostgreSQLSchema) throws(StoreError) {
            self.configuration = configuration
            sessions = PostgreSQLSessions(address, configuration)
            do {
                try sessions.withWriter { connection in
                    let encoding = try connection.query("SHOW server_encoding").text(0, 0)
                    guard encoding == "UTF8" else {
                        throw StoreError.unavailable("the database has the encoding \(encoding); names need UTF8")
                    }
                    try schema.migrate(connection, schema: configuration.schema)
                }
            } catch {
                _ = sessions.close()
                throw Self.storeError(error, during: "opening \(address)")
            }
        }

        // MARK: The whole

        /// How much is held; O(1).
        public var counts: StoreCounts {
            get throws(StoreError) { try read("counting") { try PostgreSQLTotals(reading: $0).counts } }
        }

        /// The highest row ever given out.
        public var watermark: Int64 {
            get throws(StoreError) { try read("reading the watermark") { try PostgreSQLTotals(reading: $0).lastRow } }
        }

        /// Sees whether the server answers: what was committed is where it stays.
        @discardableResult
        public func flush() throws(StoreError) -> Bool {
            _ = try watermark
            return true
        }

        /// Waits for calls under way and ends the connections.
        public func close() throws(StoreError) {
            _ = sessions.close()
        }

        // MARK: Transactions

        /// Runs `body`, which asks one question, over a connection that reads.
        func read<Value>(
            _ operation: String, _ body: (PostgreSQLConnection) throws -> Value
        ) throws(StoreError) -> Value {
            do {
                return try sessions.withReader(isRepeatable: true, body)
            } catch {
                throw Self.storeError(error, during: operation)
            }
        }

        /// Runs `body` in one transaction that only reads: all it sees is of one moment, however long it takes.
        func readMoment<Value>(
            _ operation: String, _ body: (PostgreSQLConnection) throws -> Value
        ) throws(StoreError) -> Value {
            do {
                return try sessions.withReader(isRepeatable: false) { connection in
                    try connection.run(
                        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0")
                    defer { connection.rollBack() }
                    return try body(connection)
                }
            } catch {
                throw Self.storeError(error, during: operation)
            }
        }

        /// Runs `body` in one transaction that writes, then commits with the totals it leaves behind; an error rolls back.
        func write<Value>(
            _ operation: String, _ body: (PostgreSQLConnection, inout PostgreSQLTotals) throws -> Value
        ) throws(StoreError) -> Value {
            do {
                return try sessions.withWriter { connection in
                    let (value, mark) = try Self.prepare(connection, body)
                    do {
                        try Self.commit(connection)
                    } catch let failure as PostgreSQLFailure where failure.isConnectionLost {
                        try CommitOutcome(mark: mark, sessions: sessions).resolve(after: failure)
                    }
                    return value
                }
            } catch {
                throw Self.storeError(error, during: operation)
            }
        }

        /// All of a transaction but its end, and by what it is known again.
        private static func prepare<Value>(
            _ connection: PostgreSQLConnection, _ body: (PostgreSQLConnection, inout PostgreSQLTotals) throws -> Value
        ) throws -> (Value, CommitOutcome.Mark) {
            try connection.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            do {
                var totals = try PostgreSQLTotals.lock(connection)
                let value = try body(connection, &totals)
                return (value, try totals.write(to: connection))
            } catch {
                connection.rollBack()
                throw error
            }
        }

        private static func commit(_ connection: PostgreSQLConnection) throws {
            let answer = try connection.run("COMMIT").command
            // The server rolls a transaction back in which a statement has failed, without an error.
            guard answer == "COMMIT" else {
                throw PostgreSQLFailure("the transaction was rolled back", isConnectionLost: false)
            }
        }

        private static func storeError(_ error: any Error, during operation: String) -> StoreError {
            (error as? PostgreSQLFailure).map { StoreError($0, during: operation) }
                ?? StoreError(error, during: operation)
        }
    }
#endif
