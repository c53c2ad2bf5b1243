import GRDB

/// Appends within one write transaction: holds the prepared statements and the names already looked up.
///
/// What is run for every row is run by SQLite's own interface (``RawStatement``).
/// Names are looked up once, and may be known from transactions before (``KnownNames``).
struct InteractionAppender {
    private var inserter: InteractionInserter
    private let findInteraction: RawStatement
    private let findReceipt: Statement
    private let insertReceipt: Statement
    private let pruneReceipts: Statement
    private let receiptsKept: Int
    private var users: Names
    private var items: Names
    private var kinds: Names
    private var barred: BarredUsers

    /// For the transaction that has begun; `known` are names that are as they were looked up before it.
    init(_ database: Database, receiptsKept: Int, known: KnownNames.Keys = .init()) throws {
        self.receiptsKept = receiptsKept
        inserter = try InteractionInserter(database)
        findInteraction = try RawStatement(database, "SELECT row FROM interactions WHERE interaction_id = ?")
        findReceipt = try database.cachedStatement(
            sql: "SELECT stored, duplicates, watermark, fingerprint, erased FROM receipts WHERE idempotency_key = ?")
        insertReceipt = try database.cachedStatement(
            sql: """
                INSERT INTO receipts (idempotency_key, stored, duplicates, watermark, fingerprint, erased)
                VALUES (?, ?, ?, ?, ?, ?)
                """)
        pruneReceipts = try database.cachedStatement(sql: "DELETE FROM receipts WHERE sequence <= ?")
        users = try Names(database, .users, known: known.users)
        items = try Names(database, .items, known: known.items)
        kinds = try Names(database, .kinds, known: known.kinds)
        barred = try BarredUsers(database)
    }

    /// Carries out one request, whose interactions have no fault, but for rows that wait for ``flush()``; a failure that is returned
    /// has changed nothing.
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
            if inserter.mayHold(id) { try inserter.flush() }
            try findInteraction.bind(1, id)
            if try findInteraction.integer() != nil { return false }
        }
        let user = try users.key(of: interaction.userID, last: &totals.lastUser)
        let item = try items.key(of: interaction.itemID, last: &totals.lastItem)
        let kind = try interaction.kind.map { try kinds.key(of: $0, last: &totals.lastKind) }
        totals.lastRow += 1
        try inserter.insert(
            .init(row: totals.lastRow, user: user, item: item, kind: kind, interaction: interaction))
        return true
    }

    /// Writes the rows that wait; before the end of the transaction or savepoint that they belong to.
    mutating func flush() throws { try inserter.flush() }

    /// The names that were looked up, to be kept once the transaction is committed.
    var known: KnownNames.Keys {
        precondition(inserter.isEmpty, "a transaction is about to end without some of its rows")
        return .init(users: users.known, items: items.known, kinds: kinds.known)
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
        private(set) var known: [ExactName: Int]
        private var added = 0

        /// Written out: a transaction may be one row, and to put them together would be a part of what it takes.
        struct Statements {
            let find: String
            let insert: String

            static var users: Self {
                Self(find: "SELECT key FROM user_names WHERE name = ?", insert: "INSERT INTO user_names VALUES (?, ?)")
            }
            static var items: Self {
                Self(find: "SELECT key FROM item_names WHERE name = ?", insert: "INSERT INTO item_names VALUES (?, ?)")
            }
            static var kinds: Self {
                Self(find: "SELECT key FROM kind_names WHERE name = ?", insert: "INSERT INTO kind_names VALUES (?, ?)")
            }
        }

        init(_ database: Database, _ statements: Statements, known: [ExactName: Int]) throws {
            self.known = known
            find = try RawStatement(database, statements.find)
            insert = try RawStatement(database, statements.insert)
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
