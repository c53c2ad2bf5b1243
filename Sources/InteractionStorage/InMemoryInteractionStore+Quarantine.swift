extension InMemoryInteractionStore {
    /// Keeps rows that were refused; see ``InteractionStore/quarantine(_:begunAfter:within:)``.
    @discardableResult
    public func quarantine(
        _ rows: [QuarantinedRow], begunAfter erasures: Int64?, within bounds: QuarantineBounds
    ) throws(StoreError) -> QuarantineReceipt {
        try StoreError.check(rows, named: "row", during: "quarantining", fault: \.fault)
        return try access { contents throws(StoreError) in
            var receipt = QuarantineReceipt()
            for row in rows { Self.keep(row, erasures, &contents, &receipt) }
            while contents.quarantine.count > bounds.rows || Self.bytes(of: contents) > bounds.bytes,
                !contents.quarantine.isEmpty
            {
                contents.quarantine.removeFirst()
                receipt.dropped += 1
            }
            contents.droppedFromQuarantine += receipt.dropped
            return receipt
        }
    }

    private static func keep(
        _ row: QuarantinedRow, _ erasures: Int64?, _ contents: inout Contents, _ receipt: inout QuarantineReceipt
    ) {
        let isBarred =
            row.userID.map(contents.tombstones.contains) ?? (erasures.map { $0 < contents.tombstones.last } ?? false)
        let upload = ExactName(row.upload)
        if isBarred {
            receipt.erased += 1
        } else if contents.quarantine.contains(where: { ExactName($0.upload) == upload && $0.line == row.line }) {
            receipt.duplicates += 1
        } else {
            contents.lastQuarantined += 1
            var kept = row
            kept.id = contents.lastQuarantined
            contents.quarantine.append(kept)
            receipt.kept += 1
        }
    }

    /// A page of rows; see ``InteractionStore/quarantinedRows(upload:userID:after:limit:)``.
    public func quarantinedRows(
        upload: String?, userID: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [QuarantinedRow] {
        try access { contents throws(StoreError) in
            let matching = contents.quarantine.filter { row in
                row.id > cursor ?? 0 && (upload == nil || ExactName(row.upload) == upload.map(ExactName.init))
                    && (userID == nil || row.userID.map(ExactName.init) == userID.map(ExactName.init))
            }
            return Array(matching.prefix(max(limit, 0)))
        }
    }

    /// Removes rows; see ``InteractionStore/clearQuarantine(upload:)``.
    @discardableResult
    public func clearQuarantine(upload: String?) throws(StoreError) -> Int {
        try access { contents throws(StoreError) in
            let before = contents.quarantine.count
            contents.quarantine.removeAll { upload == nil || ExactName($0.upload) == upload.map(ExactName.init) }
            return before - contents.quarantine.count
        }
    }

    /// How much is in quarantine.
    public var quarantineCounts: QuarantineCounts {
        get throws(StoreError) {
            try access { contents throws(StoreError) in
                QuarantineCounts(
                    rows: contents.quarantine.count, bytes: Self.bytes(of: contents),
                    dropped: contents.droppedFromQuarantine)
            }
        }
    }

    private static func bytes(of contents: Contents) -> Int {
        contents.quarantine.reduce(0) { $0 + $1.size }
    }
}
