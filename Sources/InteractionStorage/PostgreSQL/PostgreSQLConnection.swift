#if PostgreSQL
    internal import CPostgreSQL
    import Glibc

    /// One session with a PostgreSQL server: sends statements and waits for what comes of them, but never for ever.
    ///
    /// libpq's own blocking calls wait as long as the kernel believes in the connection; here every wait ends after `patience`, and
    /// the connection with it.
    @safe
    // Unchecked: used by one thread at a time, by whoever has taken it out of its pool.
    final class PostgreSQLConnection: @unchecked Sendable {
        private let connection: OpaquePointer
        private let patience: Duration
        private var prepared: [String: String] = [:]
        /// In the midst of something that will not be finished.
        private(set) var isAbandoned = false

        /// Connects; `patience` is how long the server may be silent at a time.
        init(to address: PostgreSQLAddress, connectTimeout: Duration, patience: Duration) throws(PostgreSQLFailure) {
            self.patience = patience
            var settings = [
                ("dbname", address.url), ("client_encoding", "UTF8"), ("fallback_application_name", "nectar"),
                ("connect_timeout", "\(max(2, connectTimeout.components.seconds))"),
            ]
            if let password = address.password { settings.append(("password", password)) }
            guard let connection = unsafe Self.connect(settings) else { throw .lost("out of memory") }
            // From here on whatever is thrown ends in `deinit`.
            unsafe self.connection = unsafe connection
            guard unsafe PQstatus(connection) == CONNECTION_OK, unsafe PQsetnonblocking(connection, 1) == 0 else {
                throw lostReason()
            }
            // Notices ("relation exists, skipping") would go to standard error.
            unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
        }

        deinit {
            unsafe PQfinish(connection)
        }

        private static func connect(_ settings: [(String, String)]) -> OpaquePointer? {
            let keywords = unsafe settings.map { unsafe strdup($0.0) } + [nil]
            let values = unsafe settings.map { unsafe strdup($0.1) } + [nil]
            defer { unsafe (keywords + values).forEach { unsafe free($0) } }
            return unsafe PQconnectdbParams(
                keywords.map { unsafe UnsafePointer($0) }, values.map { unsafe UnsafePointer($0) }, 1)
        }

        /// Whether the session may still be used: nothing has been heard of its end.
        var isUsable: Bool { unsafe !isAbandoned && PQstatus(connection) == CONNECTION_OK }

        /// Looks, without waiting, whether the session is as it was left: between two transactions, and silent. What a server says
        /// unasked is nearly always that it ends the session.
        func isStillConnected() -> Bool {
            guard isUsable, unsafe PQtransactionStatus(connection) == PQTRANS_IDLE else { return false }
            var poll = pollfd()
            poll.fd = unsafe PQsocket(connection)
            poll.events = Int16(POLLIN)
            return unsafe Glibc.poll(&poll, 1, 0) == 0
        }

        // MARK: Statements

        /// Runs one or several statements without parameters; gives what came of the last.
        @discardableResult
        func run(_ statements: String) throws(PostgreSQLFailure) -> PostgreSQLResult {
            guard unsafe PQsendQuery(connection, statements) == 1, let result = try finish() else { throw lostReason() }
            return result
        }

        /// Runs one statement, which is prepared once for the connection, and gives its rows.
        @discardableResult
        func query(_ statement: String, _ values: [PostgreSQLValue] = []) throws(PostgreSQLFailure) -> PostgreSQLResult
        {
            let name = try prepare(statement, values)
            var bytes: [UInt8] = []
            var lengths: [Int32] = []
            for value in values {
                let start = bytes.count
                value.encode(to: &bytes)
                lengths.append(Int32(bytes.count - start))
            }
            let isSent = unsafe bytes.withUnsafeBytes { bytes in
                // Each parameter begins where the one before it ends; libpq copies them before it returns. An empty one wants an
                // address too, for a null one has none.
                var place = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
                let parameters = unsafe lengths.map { length in
                    defer { unsafe place = place.map { unsafe $0 + Int(length) } }
                    return unsafe place?.assumingMemoryBound(to: CChar.self)
                }
                return unsafe PQsendQueryPrepared(
                    connection, name, Int32(values.count), parameters, lengths,
                    [Int32](repeating: 1, count: values.count), 1)
            }
            guard isSent == 1 else { throw lostReason() }
            guard let result = try finish() else { throw lostReason() }
            return result
        }

        private func prepare(
            _ statement: String, _ values: [PostgreSQLValue]
        ) throws(PostgreSQLFailure) -> String {
            if let name = prepared[statement] { return name }
            let name = "nectar\(prepared.count)"
            guard unsafe PQsendPrepare(connection, name, statement, Int32(values.count), values.map(\.typeID)) == 1
            else {
                throw lostReason()
            }
            _ = try finish()
            prepared[statement] = name
            return name
        }

        /// Ends a transaction without a trace; the server does so by itself where the session is lost.
        func rollBack() {
            if isUsable { _ = try? run("ROLLBACK") }
        }

        // MARK: Copying

        /// Runs `COPY … FROM STDIN (FORMAT binary)`; returns how many rows were stored.
        @discardableResult
        func copyIn(_ statement: String, _ rows: PostgreSQLRows) throws(PostgreSQLFailure) -> Int {
            guard unsafe PQsendQuery(connection, statement) == 1 else { throw lostReason() }
            guard let start = try nextResult() else { throw lostReason() }
            if let failure = start.failure(isConnectionLost: !isUsable) {
                _ = try? finish()
                throw failure
            }
            try put(rows.finished())
            while true {
                let isEnded = unsafe PQputCopyEnd(connection, nil)
                if isEnded == 1 { break }
                guard isEnded == 0 else { throw lostReason() }
                try wait()
            }
            return try finish()?.affected ?? 0
        }

        /// Sends what is copied in, piece by piece, so that libpq holds no more than one.
        private func put(_ bytes: [UInt8]) throws(PostgreSQLFailure) {
            var start = 0
            while start < bytes.count {
                let count = min(Self.pieceLength, bytes.count - start)
                let isQueued = unsafe bytes.withUnsafeBytes { bytes in
                    let piece = unsafe bytes.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self)
                    return unsafe PQputCopyData(connection, piece, Int32(count))
                }
                guard isQueued == 1 else { throw lostReason() }
                start += count
                while unsafe PQflush(connection) == 1 { try wait() }
            }
        }

        private static let pieceLength = 1 << 20

        /// Runs `COPY … TO STDOUT (FORMAT binary)` and hands over each row, until `row` returns false.
        ///
        /// What is left then is not read: the connection is of no use any more.
        func copyOut(
            _ statement: String, _ row: (PostgreSQLRow) throws -> Bool
        ) throws {
            guard unsafe PQsendQuery(connection, statement) == 1 else { throw lostReason() }
            guard let start = try nextResult() else { throw lostReason() }
            if let failure = start.failure(isConnectionLost: !isUsable) {
                _ = try? finish()
                throw failure
            }
            var reader = PostgreSQLRowReader()
            while let message = unsafe try nextMessage() {
                defer { unsafe PQfreemem(UnsafeMutableRawPointer(mutating: message.baseAddress)) }
                do {
                    guard unsafe try reader.read(message, row) else {
                        isAbandoned = true
                        return
                    }
                } catch {
                    isAbandoned = true
                    throw error
                }
            }
            _ = try finish()
        }

        /// The next piece of what is copied out; nil after the last.
        private func nextMessage() throws(PostgreSQLFailure) -> UnsafeRawBufferPointer? {
            var message: UnsafeMutablePointer<CChar>?
            while true {
                let length = unsafe PQgetCopyData(connection, &message, 1)
                if length > 0 { return unsafe UnsafeRawBufferPointer(start: message, count: Int(length)) }
                if length == -1 { return nil }
                guard length == 0 else { throw lostReason() }
                try wait()
            }
        }

        // MARK: Waiting

        /// Waits for all that comes of what was sent: the last result, or the first failure.
        private func finish() throws(PostgreSQLFailure) -> PostgreSQLResult? {
            var last: PostgreSQLResult?
            var failure: PostgreSQLFailure?
            while let result = try nextResult() {
                failure = failure ?? result.failure(isConnectionLost: !isUsable)
                last = result
            }
            if var failure {
                failure.isConnectionLost = failure.isConnectionLost || !isUsable
                throw failure
            }
            return last
        }

        private func nextResult() throws(PostgreSQLFailure) -> PostgreSQLResult? {
            while unsafe PQisBusy(connection) == 1 { try wait() }
            // Also what there is left to send: nothing would come of it otherwise.
            return unsafe PQgetResult(connection).map { unsafe PostgreSQLResult(owning: $0) }
        }

        /// Sends what is left to be sent and waits for the server to say something.
        private func wait() throws(PostgreSQLFailure) {
            let unsent = unsafe PQflush(connection)
            guard unsent >= 0 else { throw lostReason() }
            var poll = pollfd()
            poll.fd = unsafe PQsocket(connection)
            poll.events = Int16(POLLIN) | (unsent == 1 ? Int16(POLLOUT) : 0)
            let (seconds, attoseconds) = patience.components
            let milliseconds = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
            let ready = unsafe Glibc.poll(&poll, 1, milliseconds)
            if ready < 0, errno == EINTR { return }
            guard ready > 0 else {
                isAbandoned = true
                throw .lost("no answer within \(patience)")
            }
            guard unsafe poll.revents & ~Int16(POLLOUT) == 0 || PQconsumeInput(connection) == 1 else {
                throw lostReason()
            }
        }

        private func lostReason() -> PostgreSQLFailure {
            PostgreSQLFailure(unsafe String(cString: PQerrorMessage(connection)), isConnectionLost: true)
        }
    }
#endif
