#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// Removes what is too old; see ``InteractionStore/removeExpired(_:after:limit:)``.
        ///
        /// Reads without holding up a writer: rows never change, so that what was too old in one transaction still is in the next. Only
        /// where there is something to remove it takes its turn among the writers.
        public func removeExpired(
            _ rule: RetentionRule, after cursor: Int64, limit: Int
        ) throws(StoreError) -> RetentionStep {
            guard limit > 0 else { return RetentionStep(removed: [], cursor: nil) }
            let (expired, last) = try read("looking for expired interactions") { connection in
                try Self.expired(by: rule, after: cursor, limit: limit, connection)
            }
            guard !expired.isEmpty else { return RetentionStep(removed: [], cursor: last) }
            let removed = try write("removing expired interactions") { connection, totals in
                // Those that somebody else has removed meanwhile are left out.
                let (removed, named) = try Self.remove("row_number = ANY($1)", [.integers(expired)], connection)
                totals.counts.interactions -= removed.count
                try Self.removeNames(named, &totals, connection)
                return removed
            }
            return RetentionStep(removed: removed, cursor: last)
        }

        /// Whom, and what, some interactions name.
        struct NamedKeys {
            var users: Set<Int64> = []
            var items: Set<Int64> = []
        }

        /// Removes those of the names that no interaction is left of, and counts what is left; a search in an index each.
        static func removeNames(
            _ named: NamedKeys, _ totals: inout PostgreSQLTotals, _ connection: PostgreSQLConnection
        ) throws {
            func removed(_ keys: Set<Int64>, _ table: String, _ column: String) throws -> Int {
                try connection.query(
                    """
                    DELETE FROM \(table) WHERE key = ANY($1)
                        AND NOT EXISTS (SELECT 1 FROM interactions WHERE \(column) = key)
                    """, [.integers(Array(keys))]
                ).affected
            }
            totals.counts.users -= try removed(named.users, "user_names", "user_key")
            totals.counts.items -= try removed(named.items, "item_names", "item_key")
        }

        /// Removes interactions; returns them in the order of their rows, and what they named.
        static func remove(
            _ condition: String, _ values: [PostgreSQLValue], _ connection: PostgreSQLConnection
        ) throws -> (removed: [RemovedInteraction], named: NamedKeys) {
            let rows = try connection.query(
                """
                WITH removed AS (
                    DELETE FROM interactions WHERE \(condition)
                    RETURNING row_number, user_key::bigint, item_key::bigint, kind_key, happened_at
                )
                SELECT row_number, user_key, item_names.name, kind_names.name, happened_at, item_key FROM removed
                JOIN item_names ON item_names.key = item_key
                LEFT JOIN kind_names ON kind_names.key = kind_key
                ORDER BY row_number
                """, values)
            let removed = (0..<rows.count).map { row in
                RemovedInteraction(
                    rowID: rows.integer(row, 0), itemID: rows.text(row, 2), kind: rows.optionalText(row, 3),
                    timestamp: rows.optionalInteger(row, 4))
            }
            let users = Set((0..<rows.count).map { rows.integer($0, 1) })
            let items = Set((0..<rows.count).map { rows.integer($0, 5) })
            return (removed, NamedKeys(users: users, items: items))
        }

        /// The first after a row, and the last row that was looked at; nil where it was the last of all.
        private static func expired(
            by rule: RetentionRule, after cursor: Int64, limit: Int, _ connection: PostgreSQLConnection
        ) throws -> (rows: [Int64], last: Int64?) {
            let rows = try connection.query(
                """
                SELECT row_number, name, happened_at FROM interactions LEFT JOIN kind_names ON key = kind_key
                WHERE row_number > $1 ORDER BY row_number LIMIT $2
                """, [.integer(cursor), .integer(Int64(RetentionRule.rowsLookedAt))])
            var expired: [Int64] = []
            for row in 0..<rows.count {
                if rule.isExpired(kind: rows.optionalText(row, 1), timestamp: rows.optionalInteger(row, 2)) {
                    expired.append(rows.integer(row, 0))
                }
                if expired.count == limit { return (expired, expired.last) }
            }
            let isEnd = rows.count < RetentionRule.rowsLookedAt
            return (expired, isEnd ? nil : rows.integer(rows.count - 1, 0))
        }
    }
#endif
