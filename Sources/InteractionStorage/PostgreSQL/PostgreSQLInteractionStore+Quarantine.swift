#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// Keeps rows that were refused; see ``InteractionStore/quarantine(_:begunAfter:within:)``.
        @discardableResult
        public func quarantine(
            _ rows: [QuarantinedRow], begunAfter erasures: Int64?, within bounds: QuarantineBounds
        ) throws(StoreError) -> QuarantineReceipt {
            try StoreError.check(rows, named: "row", during: "quarantining", fault: \.fault)
            guard !rows.isEmpty else { return QuarantineReceipt() }
            return try write("quarantining") { connection, totals in
                let users = Array(Set(rows.compactMap(\.userID).map(ExactName.init)))
                let barred = try Self.stones(of: users, totals, connection)
                let isAnybodyNewlyErased = erasures.map { $0 < totals.lastErasure } ?? false
                let welcome = rows.filter { row in
                    !(row.userID.map { barred[ExactName($0)] != nil } ?? isAnybodyNewlyErased)
                }
                var sums = try QuarantineSums(reading: connection)
                var receipt = QuarantineReceipt(erased: rows.count - welcome.count)
                receipt.kept = try sums.insert(welcome, connection)
                receipt.duplicates = welcome.count - receipt.kept
                receipt.dropped = try sums.trim(to: bounds, connection)
                try sums.write(to: connection)
                return receipt
            }
        }

        /// A page of rows; see ``InteractionStore/quarantinedRows(upload:userID:after:limit:)``.
        public func quarantinedRows(
            upload: String?, userID: String?, after cursor: Int64?, limit: Int
        ) throws(StoreError) -> [QuarantinedRow] {
            guard limit > 0 else { return [] }
            var conditions = "id > $1"
            var values: [PostgreSQLValue] = [.integer(cursor ?? 0), .integer(Int64(limit))]
            for (column, name) in [("upload", upload), ("user_id", userID)] {
                guard let name else { continue }
                guard Identifier.fault(of: name) == nil else { return [] }
                values.append(.text(name))
                conditions += " AND \(column) = $\(values.count)"
            }
            return try read("listing the quarantine") { connection in
                try Self.quarantinedRows("\(conditions) ORDER BY id LIMIT $2", values, connection)
            }
        }

        /// Removes rows; see ``InteractionStore/clearQuarantine(upload:)``.
        @discardableResult
        public func clearQuarantine(upload: String?) throws(StoreError) -> Int {
            guard upload.map({ Identifier.fault(of: $0) == nil }) ?? true else { return 0 }
            return try write("clearing the quarantine") { connection, _ in
                var sums = try QuarantineSums(reading: connection)
                let rows = try upload.map { try sums.remove("upload = $1", [.text($0)], connection) }
                let removed = try rows ?? sums.remove("true", [], connection)
                try sums.write(to: connection)
                return removed
            }
        }

        /// How much is in quarantine.
        public var quarantineCounts: QuarantineCounts {
            get throws(StoreError) { try read("counting the quarantine") { try QuarantineSums(reading: $0).counts } }
        }

        /// Removes every row that may name a user who is being erased, and tells whether one of them was about the user.
        static func releaseFromQuarantine(
            whatMayName user: String, _ connection: PostgreSQLConnection
        ) throws -> (rows: Int, isAboutUser: Bool) {
            var sums = try QuarantineSums(reading: connection)
            guard sums.counts.rows > 0 else { return (0, false) }
            // PostgreSQL looks for the bytes; whether they are the name is asked of the few rows that have them.
            var conditions = "user_id = $1 OR user_id IS NULL AND (is_cut OR position($2 IN text) > 0)"
            var values: [PostgreSQLValue] = [.text(user), .bytes([UInt8(ascii: "\\")])]
            for spelling in QuarantinedRow.spellings(of: Array(user.utf8)) {
                values += [.bytes(spelling), .text(String(decoding: spelling, as: UTF8.self))]
                conditions += " OR position($\(values.count - 1) IN text) > 0"
                conditions += " OR position($\(values.count) IN detail) > 0"
            }
            let named = try quarantinedRows(conditions, values, connection).filter { $0.mayName(user) }
            _ = try sums.remove("id = ANY($1)", [.integers(named.map(\.id))], connection)
            try sums.write(to: connection)
            return (named.count, named.contains { $0.userID.map(ExactName.init) == ExactName(user) })
        }

        private static func quarantinedRows(
            _ conditions: String, _ values: [PostgreSQLValue], _ connection: PostgreSQLConnection
        ) throws -> [QuarantinedRow] {
            let columns = "id, upload, format, line, text, is_cut, detail, user_id, time"
            let rows = try connection.query("SELECT \(columns) FROM quarantine WHERE \(conditions)", values)
            return (0..<rows.count).map { row in
                QuarantinedRow(
                    id: rows.integer(row, 0), upload: rows.text(row, 1),
                    format: QuarantinedRow.Format(rawValue: rows.text(row, 2)) ?? .ndjson,
                    line: Int(rows.integer(row, 3)), text: rows.bytes(row, 4), isCut: rows.boolean(row, 5),
                    detail: rows.text(row, 6), userID: rows.optionalText(row, 7), time: rows.integer(row, 8))
            }
        }
    }

    /// The one row of the table `quarantine_totals`: what a write to the quarantine reads first and writes back last.
    private struct QuarantineSums {
        private var last: Int64
        var counts: QuarantineCounts

        private static let pageSize: Int64 = 1_000

        init(reading connection: PostgreSQLConnection) throws {
            let row = try connection.query("SELECT last, rows, bytes, dropped FROM quarantine_totals")
            guard row.count == 1 else {
                throw StoreError.corrupt("the totals of its quarantine have \(row.count) rows")
            }
            last = row.integer(0, 0)
            counts = QuarantineCounts(
                rows: Int(row.integer(0, 1)), bytes: Int(row.integer(0, 2)), dropped: Int(row.integer(0, 3)))
        }

        func write(to connection: PostgreSQLConnection) throws {
            let values = [last, Int64(counts.rows), Int64(counts.bytes), Int64(counts.dropped)]
            try connection.query(
                "UPDATE quarantine_totals SET (last, rows, bytes, dropped) = ($1, $2, $3, $4)",
                values.map(PostgreSQLValue.integer))
        }

        /// Keeps those whose line is not there already; returns how many.
        mutating func insert(_ rows: [QuarantinedRow], _ connection: PostgreSQLConnection) throws -> Int {
            struct Place: Hashable {
                var upload: ExactName
                var line: Int
            }
            let places = rows.map { Place(upload: ExactName($0.upload), line: $0.line) }
            let known = try connection.query(
                """
                SELECT place FROM unnest($1, $2) WITH ORDINALITY AS given(upload, line, place)
                    JOIN quarantine USING (upload, line)
                """, [.texts(rows.map(\.upload)), .integers(rows.map { Int64($0.line) })])
            var taken = Set((0..<known.count).map { places[Int(known.integer($0, 0)) - 1] })
            var copied = PostgreSQLRows()
            for (row, place) in zip(rows, places) where taken.insert(place).inserted {
                last += 1
                counts.rows += 1
                counts.bytes += row.size
                append(row, to: &copied)
            }
            guard !copied.isEmpty else { return 0 }
            return try connection.copyIn("COPY quarantine FROM STDIN (FORMAT binary)", copied)
        }

        private func append(_ row: QuarantinedRow, to rows: inout PostgreSQLRows) {
            rows.begin(fields: 10)
            rows.append(last)
            rows.append(row.upload)
            rows.append(Int64(row.line))
            rows.append(row.format.rawValue)
            rows.append(row.text)
            rows.append(row.isCut)
            rows.append(row.detail)
            rows.append(row.userID)
            rows.append(row.time)
            rows.append(Int64(row.size))
        }

        mutating func remove(
            _ condition: String, _ values: [PostgreSQLValue], _ connection: PostgreSQLConnection
        ) throws -> Int {
            let removed = try connection.query("DELETE FROM quarantine WHERE \(condition) RETURNING size", values)
            counts.rows -= removed.count
            counts.bytes -= (0..<removed.count).reduce(0) { $0 + Int(removed.integer($1, 0)) }
            return removed.count
        }

        /// Removes the oldest rows until the others are within `bounds`; returns how many.
        mutating func trim(to bounds: QuarantineBounds, _ connection: PostgreSQLConnection) throws -> Int {
            guard counts.rows > bounds.rows || counts.bytes > bounds.bytes else { return 0 }
            var rows = counts.rows
            var bytes = counts.bytes
            var end: Int64 = 0
            while rows > bounds.rows || bytes > bounds.bytes {
                let oldest = try connection.query(
                    "SELECT id, size FROM quarantine WHERE id > $1 ORDER BY id LIMIT $2",
                    [.integer(end), .integer(Self.pageSize)])
                if oldest.count == 0 { break }
                for row in 0..<oldest.count where rows > bounds.rows || bytes > bounds.bytes {
                    end = oldest.integer(row, 0)
                    rows -= 1
                    bytes -= Int(oldest.integer(row, 1))
                }
            }
            let dropped = try remove("id <= $1", [.integer(end)], connection)
            counts.dropped += dropped
            return dropped
        }
    }
#endif
