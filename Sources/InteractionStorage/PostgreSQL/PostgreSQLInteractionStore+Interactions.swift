#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// A page of interactions; see ``InteractionStore/interactions(userID:itemID:kind:after:limit:)``.
        ///
        /// With a user or an item the page is a walk along an index. With neither, it reads rows in their order, so a kind that
        /// is rare takes long to find.
        public func interactions(
            userID: String?, itemID: String?, kind: String?, after cursor: Int64?, limit: Int
        ) throws(StoreError) -> [StoredInteraction] {
            guard limit > 0 else { return [] }
            var conditions = "row_number > $1"
            var values: [PostgreSQLValue] = [.integer(cursor ?? 0), .integer(Int64(limit))]
            for (column, table, name) in [
                ("user_key", "user_names", userID), ("item_key", "item_names", itemID),
                ("kind_key", "kind_names", kind),
            ] {
                guard let name else { continue }
                guard Identifier.fault(of: name) == nil else { return [] }
                values.append(.text(name))
                conditions += " AND \(column) = (SELECT key FROM \(table) WHERE name = $\(values.count))"
            }
            return try read("listing interactions") { connection in
                try Self.fetch("\(conditions) ORDER BY row_number LIMIT $2", values, connection)
            }
        }

        /// A user's latest interactions; see ``InteractionStore/latestInteractions(userID:limit:)``.
        public func latestInteractions(userID: String, limit: Int) throws(StoreError) -> [StoredInteraction] {
            guard limit > 0, Identifier.fault(of: userID) == nil else { return [] }
            return try read("listing interactions") { connection in
                try Self.fetch(
                    "user_key = (SELECT key FROM user_names WHERE name = $1) ORDER BY row_number DESC LIMIT $2",
                    [.text(userID), .integer(Int64(limit))], connection)
            }
        }

        /// Removes one interaction; see ``InteractionStore/deleteInteraction(id:)``.
        @discardableResult
        public func deleteInteraction(id: String) throws(StoreError) -> StoredInteraction? {
            guard Identifier.fault(of: id) == nil else { return nil }
            return try write("deleting an interaction") { connection, totals in
                let found =
                    switch InteractionName(id) {
                    case .given(let id): try Self.fetch("interaction_id = $1", [.text(id)], connection)
                    case .row(let row): try Self.fetch("row_number = $1", [.integer(row)], connection)
                    }
                guard let interaction = found.first else { return nil }
                let (_, named) = try Self.remove("row_number = $1", [.integer(interaction.rowID)], connection)
                totals.counts.interactions -= 1
                try Self.removeNames(named, &totals, connection)
                return interaction
            }
        }

        /// Streams interactions; see ``InteractionStore/scan(after:begin:row:)``.
        @discardableResult
        public func scan(
            after watermark: Int64, begin: (ScanSnapshot) -> Void, row handOver: (ScannedInteraction) -> Bool
        ) throws(StoreError) -> Int {
            try readMoment("scanning") { connection in
                let totals = try PostgreSQLTotals(reading: connection)
                // A start whose model knows everything has no use for a million names.
                let isAnythingNewer = watermark < totals.lastRow
                func names(in table: String) throws -> InternedNames {
                    isAnythingNewer ? try Self.names(in: table, connection) : InternedNames()
                }
                begin(
                    ScanSnapshot(
                        watermark: totals.lastRow, interactionCount: totals.counts.interactions,
                        userIDs: try names(in: "user_names"), itemIDs: try names(in: "item_names"),
                        kinds: try names(in: "kind_names")))
                var count = 0
                try connection.copyOut(
                    """
                    COPY (
                        SELECT row_number, user_key, item_key, kind_key, rating, weight, happened_at FROM interactions
                        WHERE row_number > \(watermark) ORDER BY row_number
                    ) TO STDOUT (FORMAT binary)
                    """
                ) { row in
                    var row = row
                    count += 1
                    return handOver(
                        ScannedInteraction(
                            rowID: row.integer() ?? 0, userKey: Int(row.integer() ?? 0),
                            itemKey: Int(row.integer() ?? 0),
                            kindKey: Int(row.integer() ?? 0), rating: row.double(), weight: row.double(),
                            timestamp: row.integer()))
                }
                return count
            }
        }

        private static func names(in table: String, _ connection: PostgreSQLConnection) throws -> InternedNames {
            var names = InternedNames()
            try connection.copyOut("COPY (SELECT key, name FROM \(table) ORDER BY key) TO STDOUT (FORMAT binary)") {
                row in
                var row = row
                if let key = row.integer(), let name = row.text() { names.insert(name, for: Int(key)) }
                return true
            }
            return names
        }

        private static func fetch(
            _ conditions: String, _ values: [PostgreSQLValue], _ connection: PostgreSQLConnection
        ) throws -> [StoredInteraction] {
            let rows = try connection.query(
                """
                SELECT row_number, user_names.name, item_names.name, kind_names.name, rating, weight, happened_at, interaction_id
                FROM interactions
                JOIN user_names ON user_names.key = user_key
                JOIN item_names ON item_names.key = item_key
                LEFT JOIN kind_names ON kind_names.key = kind_key
                WHERE \(conditions)
                """, values)
            return (0..<rows.count).map { row in
                StoredInteraction(
                    rowID: rows.integer(row, 0),
                    interaction: Interaction(
                        userID: rows.text(row, 1), itemID: rows.text(row, 2), kind: rows.optionalText(row, 3),
                        rating: rows.double(row, 4), weight: rows.double(row, 5),
                        timestamp: rows.optionalInteger(row, 6),
                        interactionID: rows.optionalText(row, 7)))
            }
        }
    }
#endif
