#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// Removes all that is held about a user; see ``InteractionStore/eraseUser(_:at:beyond:)``.
        ///
        /// PostgreSQL keeps the bytes of removed rows in its files until `VACUUM` frees them, and in its log and the archives of that.
        @discardableResult
        public func eraseUser(
            _ id: String, at milliseconds: Int64, beyond erasure: Int64
        ) throws(StoreError) -> ErasureReceipt {
            guard Identifier.fault(of: id) == nil else { return ErasureReceipt(existed: false) }
            return try write("erasing a user") { connection, totals in
                var receipt = try Self.erase(id, &totals, connection)
                receipt.watermark = totals.lastRow
                totals.lastErasure = max(totals.lastErasure, erasure) + 1
                receipt.sequence = totals.lastErasure
                try Self.bury(
                    Tombstones.digest(of: id, key: try Self.erasureKey(connection)),
                    .init(sequence: receipt.sequence, erasedAt: milliseconds), connection)
                return receipt
            }
        }

        /// Who was erased; see ``InteractionStore/tombstones(after:)``.
        public func tombstones(after sequence: Int64) throws(StoreError) -> Tombstones {
            try tombstones("sequence > $1", [.integer(sequence)])
        }

        /// Whose erasure is pending; see ``InteractionStore/pendingErasures()``.
        public func pendingErasures() throws(StoreError) -> Tombstones {
            try tombstones("pending", [])
        }

        /// Ends pending erasures; see ``InteractionStore/completeErasures(upTo:)``.
        public func completeErasures(upTo sequence: Int64) throws(StoreError) {
            try write("completing erasures") { connection, _ in
                _ = try connection.query(
                    "UPDATE erasures SET pending = false WHERE pending AND sequence <= $1", [.integer(sequence)])
            }
        }

        private func tombstones(_ condition: String, _ values: [PostgreSQLValue]) throws(StoreError) -> Tombstones {
            try readMoment("reading erasures") { connection in
                var stones = Tombstones(
                    keys: try Self.erasureKeys(connection), last: try PostgreSQLTotals(reading: connection).lastErasure)
                let rows = try connection.query(
                    "SELECT sequence, erased_at, digest FROM erasures WHERE \(condition)", values)
                for row in 0..<rows.count {
                    stones.insert(
                        .init(sequence: rows.integer(row, 0), erasedAt: rows.integer(row, 1)),
                        digest: rows.bytes(row, 2))
                }
                return stones
            }
        }

        /// What names are hashed under.
        static func erasureKey(_ connection: PostgreSQLConnection) throws -> [UInt8] {
            let rows = try connection.query("SELECT key FROM erasure_key")
            guard rows.count == 1, rows.bytes(0, 0).count == Tombstones.keyLength else {
                throw StoreError.corrupt("its key for erased names is missing")
            }
            return rows.bytes(0, 0)
        }

        /// Every key that a tombstone may be hashed under, the store's own first.
        static func erasureKeys(_ connection: PostgreSQLConnection) throws -> [[UInt8]] {
            let others = try connection.query("SELECT key FROM other_erasure_keys ORDER BY key")
            return [try erasureKey(connection)] + (0..<others.count).map { others.bytes($0, 0) }
        }

        /// What is known of the erasures of those of the users who were ever erased; nothing is asked where nobody was.
        static func stones(
            of users: [ExactName], _ totals: PostgreSQLTotals, _ connection: PostgreSQLConnection
        ) throws -> [ExactName: Tombstones.Stone] {
            guard totals.lastErasure > 0, !users.isEmpty else { return [:] }
            let digests = try erasureKeys(connection).flatMap { key in
                users.map { Tombstones.digest(of: $0.text, key: key) }
            }
            let found = try connection.query(
                """
                SELECT place, sequence, erased_at
                FROM unnest($1) WITH ORDINALITY AS given(digest, place) JOIN erasures USING (digest)
                """, [.byteStrings(digests)])
            var stones: [ExactName: Tombstones.Stone] = [:]
            for row in 0..<found.count {
                let user = users[(Int(found.integer(row, 0)) - 1) % users.count]
                let stone = Tombstones.Stone(sequence: found.integer(row, 1), erasedAt: found.integer(row, 2))
                stones[user] = Tombstones.Stone(latestOf: [stone] + (stones[user].map { [$0] } ?? []))
            }
            return stones
        }

        /// Sets a tombstone, or sets an old one anew.
        static func bury(_ digest: [UInt8], _ stone: Tombstones.Stone, _ connection: PostgreSQLConnection) throws {
            try connection.query(
                """
                INSERT INTO erasures (sequence, digest, erased_at, pending) VALUES ($1, $2, $3, true)
                ON CONFLICT (digest) DO UPDATE SET sequence = excluded.sequence, erased_at = excluded.erased_at, pending = true
                """, [.integer(stone.sequence), .bytes(digest), .integer(stone.erasedAt)])
        }

        private static func erase(
            _ id: String, _ totals: inout PostgreSQLTotals, _ connection: PostgreSQLConnection
        ) throws -> ErasureReceipt {
            var receipt = ErasureReceipt(existed: false)
            let name = try connection.query("SELECT key::bigint FROM user_names WHERE name = $1", [.text(id)])
            if name.count > 0 {
                receipt.existed = true
                var named: NamedKeys
                (receipt.removed, named) = try remove("user_key = $1", [.integer(name.integer(0, 0))], connection)
                named.users = [name.integer(0, 0)]
                totals.counts.interactions -= receipt.interactions
                try removeNames(named, &totals, connection)
            }
            if try connection.query("DELETE FROM user_records WHERE name = $1", [.text(id)]).affected > 0 {
                receipt.existed = true
                totals.counts.userRecords -= 1
            }
            let quarantined = try releaseFromQuarantine(whatMayName: id, connection)
            receipt.quarantined = quarantined.rows
            if quarantined.isAboutUser { receipt.existed = true }
            return receipt
        }
    }
#endif
