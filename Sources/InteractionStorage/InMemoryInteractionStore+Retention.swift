extension InMemoryInteractionStore {
    /// Removes what is too old; see ``InteractionStore/removeExpired(_:after:limit:)``.
    public func removeExpired(
        _ rule: RetentionRule, after cursor: Int64, limit: Int
    ) throws(StoreError) -> RetentionStep {
        guard limit > 0 else { return RetentionStep(removed: [], cursor: nil) }
        return try access { contents throws(StoreError) in
            var (expired, last, looked) = ([StoredInteraction](), cursor, 0)
            for row in contents.rows where row.rowID > cursor {
                (last, looked) = (row.rowID, looked + 1)
                if rule.isExpired(kind: row.interaction.kind, timestamp: row.interaction.timestamp) {
                    expired.append(row)
                }
                if expired.count == limit || looked == RetentionRule.rowsLookedAt { break }
            }
            let isEnd = expired.count < limit && looked < RetentionRule.rowsLookedAt
            let removed = Set(expired.map(\.rowID))
            contents.rows.removeAll { removed.contains($0.rowID) }
            for name in Set(expired.map { ExactName($0.interaction.userID) })
            where !contents.rows.contains(where: { ExactName($0.interaction.userID) == name }) {
                if let key = contents.users.key(of: name.text) { contents.users.names[key - 1] = nil }
            }
            return RetentionStep(removed: expired.map(RemovedInteraction.init), cursor: isEnd ? nil : last)
        }
    }
}
