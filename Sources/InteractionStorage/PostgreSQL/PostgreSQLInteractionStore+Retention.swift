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
                let rows = try connection.query(
                    """
                    DELETE FROM interactions WHERE row_number = ANY($1) RETURNING row_number, user_key::bigint
                    """, [.integers(expired)])
                let users = Set((0..<rows.count).map { rows.integer($0, 1) })
                totals.counts.interactions -= rows.count
                totals.counts.users -=
                    try connection.query(
                        """
                        DELETE FROM user_names WHERE key = ANY($1)
                            AND NOT EXISTS (SELECT 1 FROM interactions WHERE user_key = key)
                        """, [.integers(Array(users))]
                    ).affected
                return (0..<rows.count).map { rows.integer($0, 0) }.sorted()
            }
            return RetentionStep(removed: removed, cursor: last)
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
