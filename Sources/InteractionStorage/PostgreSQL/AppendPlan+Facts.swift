#if PostgreSQL
    extension AppendPlan.Facts {
        /// Asks the database about all that the requests name: in one statement, and in two more where there are idempotency keys and
        /// erased users.
        init(of requests: [AppendRequest], _ totals: PostgreSQLTotals, in connection: PostgreSQLConnection) throws {
            let interactions = requests.lazy.flatMap(\.interactions)
            try look(
                up: [
                    Self.distinct(interactions.map(\.userID)), Self.distinct(interactions.map(\.itemID)),
                    Self.distinct(interactions.compactMap(\.kind)),
                    Self.distinct(interactions.compactMap(\.interactionID)),
                ], in: connection)
            let keys = Self.distinct(requests.compactMap(\.idempotencyKey))
            if !keys.isEmpty { try readReceipts(under: keys, connection) }
            guard totals.lastErasure > 0 else { return }
            let users = Array(Set(interactions.map { ExactName($0.userID) }))
            tombstones = try PostgreSQLInteractionStore.stones(of: users, totals, connection)
        }

        private static func distinct(_ names: some Sequence<String>) -> [String] {
            var seen: Set<ExactName> = []
            return names.filter { seen.insert(ExactName($0)).inserted }
        }

        /// Users, items, kinds and interactions, in this order.
        private mutating func look(up names: [[String]], in connection: PostgreSQLConnection) throws {
            let found = try connection.query(
                """
                SELECT 0, place, key::bigint FROM unnest($1) WITH ORDINALITY AS given(name, place)
                    JOIN user_names USING (name)
                UNION ALL SELECT 1, place, key::bigint FROM unnest($2) WITH ORDINALITY AS given(name, place)
                    JOIN item_names USING (name)
                UNION ALL SELECT 2, place, key::bigint FROM unnest($3) WITH ORDINALITY AS given(name, place)
                    JOIN kind_names USING (name)
                UNION ALL SELECT 3, place, row_number FROM unnest($4) WITH ORDINALITY AS given(name, place)
                    JOIN interactions ON interaction_id = given.name
                """, names.map(PostgreSQLValue.texts))
            for row in 0..<found.count {
                let table = Int(found.integer(row, 0))
                let name = ExactName(names[table][Int(found.integer(row, 1)) - 1])
                let key = Int(found.integer(row, 2))
                switch table {
                case 0: users[name] = key
                case 1: items[name] = key
                case 2: kinds[name] = key
                default: interactionIDs.insert(name)
                }
            }
        }

        private mutating func readReceipts(under keys: [String], _ connection: PostgreSQLConnection) throws {
            let found = try connection.query(
                """
                SELECT place, sequence, fingerprint, stored, duplicates, watermark, erased
                FROM unnest($1) WITH ORDINALITY AS given(name, place) JOIN receipts ON idempotency_key = given.name
                """, [.texts(keys)])
            for row in 0..<found.count {
                receipts[ExactName(keys[Int(found.integer(row, 0)) - 1])] = AppendPlan.KnownReceipt(
                    sequence: found.integer(row, 1), fingerprint: found.optionalInteger(row, 2),
                    receipt: AppendReceipt(
                        stored: Int(found.integer(row, 3)), duplicates: Int(found.integer(row, 4)),
                        watermark: found.integer(row, 5), erased: Int(found.integer(row, 6))))
            }
        }
    }
#endif
