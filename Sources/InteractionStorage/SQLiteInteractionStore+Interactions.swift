import GRDB

extension SQLiteInteractionStore {
    /// A page of interactions; see ``InteractionStore/interactions(userID:itemID:kind:after:limit:)``.
    ///
    /// With a user or an item the page is a walk along an index. With neither, it reads rows in their order, so a kind that
    /// is rare takes long to find.
    public func interactions(
        userID: String?, itemID: String?, kind: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [StoredInteraction] {
        guard limit > 0 else { return [] }
        return try read("listing interactions") { database in
            var conditions = "row > ?"
            var arguments: StatementArguments = [cursor ?? 0]
            for (column, table, name) in [
                ("user", "user_names", userID), ("item", "item_names", itemID), ("kind", "kind_names", kind),
            ] {
                guard let name else { continue }
                guard let key = try Self.key(of: name, in: table, database) else { return [] }
                conditions += " AND interactions.\(column) = ?"
                arguments += [key]
            }
            arguments += [limit]
            return try Self.fetch("\(conditions) ORDER BY row LIMIT ?", arguments, database)
        }
    }

    /// A user's latest interactions; see ``InteractionStore/latestInteractions(userID:limit:)``.
    public func latestInteractions(userID: String, limit: Int) throws(StoreError) -> [StoredInteraction] {
        guard limit > 0 else { return [] }
        return try read("listing interactions") { database in
            guard let key = try Self.key(of: userID, in: "user_names", database) else { return [] }
            return try Self.fetch("interactions.user = ? ORDER BY row DESC LIMIT ?", [key, limit], database)
        }
    }

    /// Removes one interaction; see ``InteractionStore/deleteInteraction(id:)``.
    @discardableResult
    public func deleteInteraction(id: String) throws(StoreError) -> StoredInteraction? {
        guard Identifier.fault(of: id) == nil else { return nil }
        return try write("deleting an interaction") { database, totals in
            let found =
                switch InteractionName(id) {
                case .given(let id): try Self.fetch("interaction_id = ?", [id], database)
                case .row(let row): try Self.fetch("row = ?", [row], database)
                }
            guard let interaction = found.first else { return nil }
            let named = try Self.keys(in: "row = ?", [interaction.rowID], database)
            let delete = try database.cachedStatement(sql: "DELETE FROM interactions WHERE row = ?")
            try delete.execute(arguments: [interaction.rowID])
            totals.counts.interactions -= 1
            try Self.removeNames(named, &totals, database)
            return interaction
        }
    }

    /// Streams interactions; see ``InteractionStore/scan(after:begin:row:)``.
    @discardableResult
    public func scan(
        after watermark: Int64, begin: (ScanSnapshot) -> Void, row handOver: (ScannedInteraction) -> Bool
    ) throws(StoreError) -> Int {
        try read("scanning") { database in
            let totals = try StoreTotals(reading: database)
            // A start whose model knows everything has no use for a million names.
            let isAnythingNewer = watermark < totals.lastRow
            func names(in table: String) throws -> InternedNames {
                isAnythingNewer ? try Self.names(in: table, database) : InternedNames()
            }
            begin(
                ScanSnapshot(
                    watermark: totals.lastRow, interactionCount: totals.counts.interactions,
                    userIDs: try names(in: "user_names"), itemIDs: try names(in: "item_names"),
                    kinds: try names(in: "kind_names")))
            return try InteractionScanFunction.run(in: database, after: watermark, handOver)
        }
    }

    /// The integer that stands for a name; nil when it was never interned, or cannot be.
    static func key(of name: String, in table: String, _ database: Database) throws -> Int? {
        // A name with a NUL would be cut short on its way into SQLite, and find another.
        guard Identifier.fault(of: name) == nil else { return nil }
        let statement = try database.cachedStatement(sql: "SELECT key FROM \(table) WHERE name = ?")
        return try Int.fetchOne(statement, arguments: [name])
    }

    private static func names(in table: String, _ database: Database) throws -> InternedNames {
        var names = InternedNames()
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: "SELECT key, name FROM \(table) ORDER BY key"))
        while let row = try rows.next() { names.insert(row[1], for: row[0]) }
        return names
    }

    /// CROSS JOIN keeps SQLite from walking the names first.
    private static func fetch(
        _ conditions: String, _ arguments: StatementArguments, _ database: Database
    ) throws -> [StoredInteraction] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT row, user_names.name, item_names.name, kind_names.name, rating, weight, timestamp, interaction_id
                FROM interactions
                CROSS JOIN user_names ON user_names.key = interactions.user
                CROSS JOIN item_names ON item_names.key = interactions.item
                LEFT JOIN kind_names ON kind_names.key = interactions.kind
                WHERE \(conditions)
                """)
        var page: [StoredInteraction] = []
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try rows.next() {
            page.append(
                StoredInteraction(
                    rowID: row[0],
                    interaction: Interaction(
                        userID: row[1], itemID: row[2], kind: row[3], rating: row[4], weight: row[5], timestamp: row[6],
                        interactionID: row[7])))
        }
        return page
    }
}
