#if PostgreSQL
    import Dispatch
    import Locking

    /// The connections of one store: one that writes, and readers beside it, each made when it is first wanted and made anew when it is
    /// lost.
    final class PostgreSQLSessions: Sendable {
        private struct State: Sendable {
            var isOpen = true
            var idleReaders: [PostgreSQLConnection] = []
            /// One for all: whoever reaches the server opens the way for the others.
            var reach = ReconnectionDelay()
            /// Apart, for the server is there when it refuses the right to write.
            var right = ReconnectionDelay()
        }

        let configuration: PostgreSQLInteractionStore.Configuration
        private let address: PostgreSQLAddress
        private let state = Lock(State())
        /// Who writes has the turn, and with it the writer.
        private let writerTurn = DispatchSemaphore(value: 1)
        private let writer = Lock<PostgreSQLConnection?>(nil)
        private let readers: DispatchSemaphore
        private let inUse = DispatchGroup()

        init(_ address: PostgreSQLAddress, _ configuration: PostgreSQLInteractionStore.Configuration) {
            self.address = address
            self.configuration = configuration
            readers = DispatchSemaphore(value: configuration.maximumReaders)
        }

        // MARK: Lending

        /// Lends a reader to `body`, waiting for one where all are lent. One that is lost is not taken back.
        ///
        /// - Parameter isRepeatable: Whether `body` may be called a second time where the first one found that the server had ended a
        ///   session that had been idle; not where it was waited for in vain.
        func withReader<Value>(
            isRepeatable: Bool, _ body: (PostgreSQLConnection) throws -> Value
        ) throws -> Value {
            try enter()
            defer { inUse.leave() }
            readers.wait()
            defer { readers.signal() }
            while let idle = state.withLock({ $0.idleReaders.popLast() }) {
                guard idle.isStillConnected() else { continue }
                defer { giveBack(idle) }
                do {
                    return try body(idle)
                } catch let failure as PostgreSQLFailure
                    where failure.isConnectionLost && isRepeatable && !idle.isAbandoned
                {
                    break
                }
            }
            let reader = try connectReader()
            defer { giveBack(reader) }
            return try body(reader)
        }

        /// Lends the writer to `body`, one caller after another.
        func withWriter<Value>(_ body: (PostgreSQLConnection) throws -> Value) throws -> Value {
            try enter()
            defer { inUse.leave() }
            writerTurn.wait()
            defer { writerTurn.signal() }
            let idle = writer.withLock { $0.take() }
            let lent = try idle.flatMap { $0.isStillConnected() ? $0 : nil } ?? connectWriter()
            defer { if lent.isStillConnected() { writer.withLock { $0 = lent } } }
            return try body(lent)
        }

        /// Refuses whatever comes from now on, waits for what is under way and ends the connections; false where that has been done.
        func close() -> Bool {
            let wasOpen = state.withLock { state in
                defer { state.isOpen = false }
                return state.isOpen
            }
            inUse.wait()
            state.withLock { $0.idleReaders = [] }
            writer.withLock { $0 = nil }
            return wasOpen
        }

        private func enter() throws {
            let inUse = inUse
            let isOpen = state.withLock { state in
                if state.isOpen { inUse.enter() }
                return state.isOpen
            }
            guard isOpen else { throw StoreError.unavailable("the store is closed") }
        }

        private func giveBack(_ reader: PostgreSQLConnection) {
            guard reader.isStillConnected() else { return }
            state.withLock { $0.idleReaders.append(reader) }
        }

        // MARK: Connecting

        /// A connection of its own, which the caller keeps; one attempt, unless the last one has failed only just now.
        func connectReader() throws -> PostgreSQLConnection {
            try refuse(\.reach)
            do {
                let connection = try connect()
                state.withLock { $0.reach.succeeded() }
                return connection
            } catch {
                note(error.message, \.reach)
                throw StoreError.unavailable(error.message)
            }
        }

        private func connectWriter() throws -> PostgreSQLConnection {
            try refuse(\.right)
            let connection = try connectReader()
            guard try takeRight(connection) else {
                note(configuration.use.refusal, \.right)
                throw StoreError.unavailable(configuration.use.refusal)
            }
            state.withLock { $0.right.succeeded() }
            return connection
        }

        private typealias Delay = WritableKeyPath<State, ReconnectionDelay> & Sendable

        private func refuse(_ delay: any Delay) throws {
            if let reason = state.withLock({ $0[keyPath: delay].refusal(at: .now) }) {
                throw StoreError.unavailable(reason)
            }
        }

        private func note(_ reason: String, _ delay: any Delay) {
            state.withLock { state in
                var random = SystemRandomNumberGenerator()
                state[keyPath: delay].failed(reason, at: .now, using: &random)
            }
        }

        /// A new session with the limits and the schema that every session has.
        private func connect() throws(PostgreSQLFailure) -> PostgreSQLConnection {
            let milliseconds = configuration.statementMilliseconds
            let connection = try PostgreSQLConnection(
                to: address, connectTimeout: configuration.connectTimeout,
                // The server is the first to give up, and says so.
                patience: configuration.statementTimeout + .seconds(5))
            try connection.run(
                """
                SET statement_timeout = \(milliseconds);
                SET idle_in_transaction_session_timeout = \(milliseconds);
                SET tcp_keepalives_idle = 10;
                SET tcp_keepalives_interval = 5;
                SET tcp_keepalives_count = 3;
                SET jit = off;
                SET search_path = \(PostgreSQLSchema.quoted(configuration.schema));
                SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
                """)
            return connection
        }

        /// Takes the right to write for the life of the session, as far as this store's use of it asks for one; false where another
        /// program has it.
        ///
        /// Waits for a moment, in which the server may find out that an earlier session of this store has ended.
        private func takeRight(_ connection: PostgreSQLConnection) throws(PostgreSQLFailure) -> Bool {
            let function: String
            switch configuration.use {
            case .serving: function = "pg_advisory_lock"
            case .importing: function = "pg_advisory_lock_shared"
            case .beside: return true
            }
            try connection.run("SET lock_timeout = 1000")
            do {
                try connection.query(
                    "SELECT \(function)(hashtextextended('nectar serving ' || $1, 0))", [.text(configuration.schema)])
            } catch {
                guard error.state == Self.lockNotAvailable else { throw error }
                return false
            }
            try connection.run("RESET lock_timeout")
            return true
        }

        private static let lockNotAvailable = "55P03"
    }
#endif
