extension InMemoryInteractionStore {
    /// A page of interactions; see ``InteractionStore/interactions(userID:itemID:kind:after:limit:)``.
    public func interactions(
        userID: String?, itemID: String?, kind: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [StoredInteraction] {
        try access { contents throws(StoreError) in
            let matching = contents.rows.filter { row in
                row.rowID > cursor ?? 0
                    && (userID == nil || ExactName(row.interaction.userID) == userID.map(ExactName.init))
                    && (itemID == nil || ExactName(row.interaction.itemID) == itemID.map(ExactName.init))
                    && (kind == nil || row.interaction.kind.map(ExactName.init) == kind.map(ExactName.init))
            }
            return Array(matching.prefix(max(limit, 0)))
        }
    }

    /// A user's latest interactions; see ``InteractionStore/latestInteractions(userID:limit:)``.
    public func latestInteractions(userID: String, limit: Int) throws(StoreError) -> [StoredInteraction] {
        try access { contents throws(StoreError) in
            let own = contents.rows.filter { ExactName($0.interaction.userID) == ExactName(userID) }
            return own.suffix(max(limit, 0)).reversed()
        }
    }

    /// Removes one interaction; see ``InteractionStore/deleteInteraction(id:)``.
    @discardableResult
    public func deleteInteraction(id: String) throws(StoreError) -> StoredInteraction? {
        try access { contents throws(StoreError) in
            let index =
                switch InteractionName(id) {
                case .given(let id): contents.rows.firstIndex { $0.hasID(id) }
                case .row(let row): contents.rows.firstIndex { $0.rowID == row }
                }
            let removed = index.map { contents.rows.remove(at: $0) }
            contents.forgetUnusedNames()
            return removed
        }
    }

    /// Streams interactions; see ``InteractionStore/scan(after:begin:row:)``.
    @discardableResult
    public func scan(
        after watermark: Int64, begin: (ScanSnapshot) -> Void, row handOver: (ScannedInteraction) -> Bool
    ) throws(StoreError) -> Int {
        let contents = try access { contents throws(StoreError) in contents }
        begin(
            ScanSnapshot(
                watermark: contents.lastRow, interactionCount: contents.rows.count, userIDs: contents.users.table,
                itemIDs: contents.items.table, kinds: contents.kinds.table))
        var count = 0
        for row in contents.rows where row.rowID > watermark {
            count += 1
            let interaction = row.interaction
            let scanned = ScannedInteraction(
                rowID: row.rowID, userKey: contents.users.key(of: interaction.userID) ?? 0,
                itemKey: contents.items.key(of: interaction.itemID) ?? 0,
                kindKey: interaction.kind.flatMap(contents.kinds.key) ?? 0, rating: interaction.rating,
                weight: interaction.weight, timestamp: interaction.timestamp)
            if !handOver(scanned) { break }
        }
        return count
    }
}
