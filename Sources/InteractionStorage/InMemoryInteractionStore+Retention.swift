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
            contents.forgetUnusedNames()
            return RetentionStep(removed: expired.map(RemovedInteraction.init), cursor: isEnd ? nil : last)
        }
    }
}
