import GRDB

/// Appends within one write transaction: holds the prepared statements and the names already looked up.
///
/// What is run for every row is run by SQLite's own interface (``RawStatement``).
/// The names are forgotten with the transaction, so neither a roll-back, an erasure nor another program's writes can make
/// them stale, and memory is bounded by what one transaction carries.
struct InteractionAppender {
    private let insertInteraction: RawStatement
    private let findInteraction: RawStatement
    private let findReceipt: Statement
    private let insertReceipt: Statement
    private let pruneReceipts: Statement
    private let receiptsKept: Int
    private var users: Names
    private var items: Names
    private var kinds: Names
    private var barred: BarredUsers

    init(_ database: Database, receiptsKept: Int) throws {
        self.receiptsKept = receiptsKept
        insertInteraction = try RawStatement(database, "INSERT INTO interactions VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        findInteraction = try RawStatement(database, "SELECT row FROM interactions WHERE interaction_id = ?")
        findReceipt = try database.cachedStatement(
            sql: "SELECT stored, duplicates, watermark, fingerprint, erased FROM receipts WHERE idempotency_key = ?")
        insertReceipt = try database.cachedStatement(
            sql: """
                INSERT INTO receipts (idempotency_key, stored, duplicates, watermark, fingerprint, erased)
                VALUES (?, ?, ?, ?, ?, ?)
                """)
        pruneReceipts = try database.cachedStatement(sql: "DELETE FROM receipts WHERE sequence <= ?")
        users = try Names(database, table: "user_names")
        items = try Names(database, table: "item_names")
        kinds = try Names(database, table: "kind_names")
        barred = try BarredUsers(database)
    }

    /// Carries out one request, whose interactions have no fault; a failure that is returned has changed nothing.
    mutating func append(
        _ request: AppendRequest, _ totals: inout StoreTotals, in database: Database
    ) throws -> Result<AppendReceipt, StoreError> {
        let fingerprint = request.idempotencyKey.map { _ in request.fingerprint }
        if let key = request.idempotencyKey, let row = try Row.fetchOne(findReceipt, arguments: [key]) {
            let earlier: Int64? = row[3]
            guard earlier == nil || earlier == fingerprint else { return .failure(.keyReused) }
            return .success(
                AppendReceipt(stored: row[0], duplicates: row[1], watermark: row[2], erased: row[4]))
        }
        var leftOut: [Int] = []
        var erased = 0
        for (position, interaction) in request.interactions.enumerated() {
            if try barred.bars(interaction, begunAfter: request.begunAfter) {
                erased += 1
                leftOut.append(position)
            } else if try !insert(interaction, &totals) {
                leftOut.append(position)
            }
        }
        let stored = request.interactions.count - leftOut.count
        totals.counts.interactions += stored
        totals.counts.users = totals.counts.users + users.takeAdded()
        totals.counts.items = totals.counts.items + items.takeAdded()
        let receipt = AppendReceipt(
            stored: stored, duplicates: leftOut.count - erased, watermark: totals.lastRow, erased: erased,
            leftOutPositions: leftOut)
        if let key = request.idempotencyKey {
            try insertReceipt.execute(
                arguments: [key, receipt.stored, receipt.duplicates, receipt.watermark, fingerprint, receipt.erased])
            try pruneReceipts.execute(arguments: [database.lastInsertedRowID - Int64(receiptsKept)])
        }
        return .success(receipt)
    }

    private mutating func insert(_ interaction: Interaction, _ totals: inout StoreTotals) throws -> Bool {
        if let id = interaction.interactionID {
            try findInteraction.bind(1, id)
            if try findInteraction.integer() != nil { return false }
        }
        let user = try users.key(of: interaction.userID, last: &totals.lastUser)
        let item = try items.key(of: interaction.itemID, last: &totals.lastItem)
        let kind = try interaction.kind.map { try kinds.key(of: $0, last: &totals.lastKind) }
        totals.lastRow += 1
        insertInteraction.bind(1, totals.lastRow)
        insertInteraction.bind(2, Int64(user))
        insertInteraction.bind(3, Int64(item))
        insertInteraction.bind(4, kind.map(Int64.init))
        insertInteraction.bind(5, interaction.rating)
        insertInteraction.bind(6, interaction.weight)
        insertInteraction.bind(7, interaction.timestamp)
        try insertInteraction.bind(8, interaction.interactionID)
        try insertInteraction.run()
        return true
    }

    /// Forgets the names that were looked up, should they be more than `count`.
    mutating func forgetNames(beyond count: Int) {
        users.forget(beyond: count)
        items.forget(beyond: count)
    }

    /// One table of interned names.
    private struct Names {
        private let find: RawStatement
        private let insert: RawStatement
        private var known: [ExactName: Int] = [:]
        private var added = 0

        init(_ database: Database, table: String) throws {
            find = try RawStatement(database, "SELECT key FROM \(table) WHERE name = ?")
            insert = try RawStatement(database, "INSERT INTO \(table) VALUES (?, ?)")
        }

        /// The key of `name`, which is given the one after `last` if it is new.
        mutating func key(of name: String, last: inout Int) throws -> Int {
            if let key = known[ExactName(name)] { return key }
            let key: Int
            try find.bind(1, name)
            if let found = try find.integer() {
                key = Int(found)
            } else {
                last += 1
                key = last
                insert.bind(1, Int64(key))
                try insert.bind(2, name)
                try insert.run()
                added += 1
            }
            known[ExactName(name)] = key
            return key
        }

        mutating func forget(beyond count: Int) {
            if known.count > count { known.removeAll(keepingCapacity: true) }
        }

        /// How many names were new since the last call.
        mutating func takeAdded() -> Int {
            defer { added = 0 }
            return added
        }
    }
}
