#if PostgreSQL
    internal import CPostgreSQL

    /// The rows that a statement gave, in binary; freed with the last reference.
    @safe
    final class PostgreSQLResult {
        private let result: OpaquePointer

        /// Takes over a `PGresult`.
        init(owning result: OpaquePointer) {
            unsafe self.result = unsafe result
        }

        deinit {
            unsafe PQclear(result)
        }

        var status: ExecStatusType { unsafe PQresultStatus(result) }

        /// How many rows there are.
        var count: Int { Int(unsafe PQntuples(result)) }

        /// How many rows the statement changed.
        var affected: Int { Int(unsafe String(cString: PQcmdTuples(result))) ?? 0 }

        /// What was done: `COMMIT`, or `ROLLBACK` where a transaction that had failed was to be committed.
        var command: String { unsafe String(cString: PQcmdStatus(result)) }

        /// What the server has against the statement; nil where it has nothing.
        ///
        /// After a `FATAL` or a `PANIC` the server ends the session, whatever the state of the socket still is.
        func failure(isConnectionLost: Bool) -> PostgreSQLFailure? {
            guard status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE else { return nil }
            let severity = diagnostic("V") ?? ""
            let message = diagnostic("M") ?? wholeMessage
            return PostgreSQLFailure(
                state: diagnostic("C") ?? "", message,
                isConnectionLost: isConnectionLost || severity == "FATAL" || severity == "PANIC")
        }

        private var wholeMessage: String { unsafe String(cString: PQresultErrorMessage(result)) }

        /// A field of an error, by its letter (PostgreSQL's manual, "Error and Notice Message Fields").
        private func diagnostic(_ letter: Unicode.Scalar) -> String? {
            unsafe PQresultErrorField(result, Int32(letter.value)).map { unsafe String(cString: $0) }
        }

        func isNull(_ row: Int, _ column: Int) -> Bool {
            unsafe PQgetisnull(result, Int32(row), Int32(column)) == 1
        }

        /// A whole number of whatever width.
        func integer(_ row: Int, _ column: Int) -> Int64 {
            let octets = unsafe field(row, column)
            guard let first = unsafe octets.first else { return 0 }
            return unsafe octets.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
        }

        func optionalInteger(_ row: Int, _ column: Int) -> Int64? {
            isNull(row, column) ? nil : integer(row, column)
        }

        func double(_ row: Int, _ column: Int) -> Double? {
            isNull(row, column) ? nil : Double(bitPattern: UInt64(bitPattern: integer(row, column)))
        }

        func text(_ row: Int, _ column: Int) -> String {
            unsafe String(decoding: field(row, column), as: UTF8.self)
        }

        func optionalText(_ row: Int, _ column: Int) -> String? {
            isNull(row, column) ? nil : text(row, column)
        }

        func bytes(_ row: Int, _ column: Int) -> [UInt8] {
            unsafe Array(field(row, column))
        }

        func boolean(_ row: Int, _ column: Int) -> Bool { integer(row, column) != 0 }

        /// Valid as long as the result is; libpq gives an empty field for what is out of range.
        private func field(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
            unsafe UnsafeRawBufferPointer(
                start: PQgetvalue(result, Int32(row), Int32(column)),
                count: Int(PQgetlength(result, Int32(row), Int32(column))))
        }
    }
#endif
