extension InMemoryInteractionStore {
    /// Removes all that is held about a user; see ``InteractionStore/eraseUser(_:at:beyond:)``.
    @discardableResult
    public func eraseUser(
        _ id: String, at milliseconds: Int64, beyond erasure: Int64
    ) throws(StoreError) -> ErasureReceipt {
        guard Identifier.fault(of: id) == nil else { return ErasureReceipt(existed: false) }
        return try access { contents throws(StoreError) in
            let name = ExactName(id)
            let own = contents.rows.filter { ExactName($0.interaction.userID) == name }
            contents.rows.removeAll { ExactName($0.interaction.userID) == name }
            let key = contents.users.key(of: id)
            contents.forgetUnusedNames()
            let record = contents.userRecords.removeValue(forKey: name)
            let quarantined = contents.quarantine.filter { $0.mayName(id) }
            contents.quarantine.removeAll { $0.mayName(id) }
            let isQuarantined = quarantined.contains { $0.userID.map(ExactName.init) == name }
            let sequence = max(contents.tombstones.last, erasure) + 1
            contents.tombstones.last = sequence
            contents.tombstones.insert(.init(sequence: sequence, erasedAt: milliseconds), for: id)
            return ErasureReceipt(
                removed: own.map(RemovedInteraction.init), existed: key != nil || record != nil || isQuarantined,
                quarantined: quarantined.count, sequence: sequence, watermark: contents.lastRow)
        }
    }

    /// Who was erased; see ``InteractionStore/tombstones(after:)``.
    public func tombstones(after sequence: Int64) throws(StoreError) -> Tombstones {
        try access { contents throws(StoreError) in contents.tombstones.after(sequence) }
    }

    /// Whose erasure is pending; see ``InteractionStore/pendingErasures()``.
    public func pendingErasures() throws(StoreError) -> Tombstones {
        try access { contents throws(StoreError) in contents.tombstones.after(contents.completedErasures) }
    }

    /// Ends pending erasures; see ``InteractionStore/completeErasures(upTo:)``.
    public func completeErasures(upTo sequence: Int64) throws(StoreError) {
        try access { contents throws(StoreError) in
            contents.completedErasures = max(contents.completedErasures, min(sequence, contents.tombstones.last))
        }
    }
}
