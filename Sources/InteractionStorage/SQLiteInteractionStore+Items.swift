import Foundation
import GRDB

extension SQLiteInteractionStore {
    /// Stores and withdraws catalogue entries; see ``InteractionStore/changeItems(_:)``.
    @discardableResult
    public func changeItems(_ changes: [ItemChange]) throws(StoreError) -> Int {
        guard !changes.isEmpty else { return 0 }
        return try write("storing items") { database, totals in try Self.change(changes, &totals, database) }
    }

    /// Stores and withdraws catalogue entries; returns how many were new.
    static func change(_ changes: [ItemChange], _ totals: inout StoreTotals, _ database: Database) throws -> Int {
        try StoreError.check(changes, named: "item", during: "storing items", fault: \.fault)
        var (added, removed) = (0, 0)
        for change in changes {
            switch change {
            case .put(let item): if try put(item, database) { added += 1 }
            case .withdraw(let id):
                if try delete(id, database) { removed += 1 }
                try withdraw(id, database)
            }
        }
        totals.counts.catalogueItems += added - removed
        return added
    }

    /// One catalogue entry; see ``InteractionStore/item(_:)``.
    public func item(_ id: String) throws(StoreError) -> Item? {
        try read("reading an item") { try Self.item(id, $0) }
    }

    /// Several catalogue entries, all of one moment; see ``InteractionStore/lookUpItems(_:)``.
    public func lookUpItems(_ ids: [String]) throws(StoreError) -> [Item?] {
        guard !ids.isEmpty else { return [] }
        return try read("reading items") { database in try ids.map { try Self.item($0, database) } }
    }

    /// A page of the catalogue; see ``InteractionStore/items(after:limit:)``.
    public func items(after id: String?, limit: Int) throws(StoreError) -> [Item] {
        guard limit > 0 else { return [] }
        return try read("listing items") { database in
            let statement = try database.cachedStatement(
                sql: "\(Self.selectItem) WHERE name > ? ORDER BY name LIMIT ?")
            return try Row.fetchAll(statement, arguments: [id ?? "", limit]).map(Self.item)
        }
    }

    /// A page of the catalogue by arrival; see ``InteractionStore/itemsByArrival(after:limit:)``.
    ///
    /// SQLite gives a new row a key greater than all that are there.
    public func itemsByArrival(after arrival: Int64, limit: Int) throws(StoreError) -> [ArrivedItem] {
        guard limit > 0 else { return [] }
        return try read("listing items") { database in
            let statement = try database.cachedStatement(
                sql: "SELECT \(Self.itemColumns), key FROM catalogue WHERE key > ? ORDER BY key LIMIT ?")
            return try Row.fetchAll(statement, arguments: [arrival, limit]).map { row in
                ArrivedItem(arrival: row[7], item: try Self.item(row))
            }
        }
    }

    /// Changes one catalogue entry; see ``InteractionStore/updateItem(_:_:)``.
    @discardableResult
    public func updateItem(_ id: String, _ change: (inout Item) -> Void) throws(StoreError) -> Item? {
        try write("updating an item") { database, _ in
            guard var item = try Self.item(id, database) else { return nil }
            change(&item)
            item.id = id
            if let fault = item.fault { throw StoreError.failed(operation: "updating an item", reason: fault) }
            _ = try Self.put(item, database)
            return item
        }
    }

    /// Removes one catalogue entry, never its interactions; see ``InteractionStore/deleteItem(_:)``.
    @discardableResult
    public func deleteItem(_ id: String) throws(StoreError) -> Bool {
        guard Identifier.fault(of: id) == nil else { return false }
        return try write("deleting an item") { database, totals in
            guard try Self.delete(id, database) else { return false }
            totals.counts.catalogueItems -= 1
            try Self.withdraw(id, database)
            return true
        }
    }

    /// A page of what was withdrawn; see ``InteractionStore/withdrawnItems(after:limit:)``.
    public func withdrawnItems(after id: String?, limit: Int) throws(StoreError) -> [String] {
        guard limit > 0 else { return [] }
        return try read("listing withdrawn items") { database in
            let statement = try database.cachedStatement(
                sql: "SELECT name FROM withdrawn_items WHERE name > ? ORDER BY name LIMIT ?")
            return try String.fetchAll(statement, arguments: [id ?? "", limit])
        }
    }

    private static let itemColumns = "name, title, domain, hidden, available_from, available_until, details"
    private static let selectItem = "SELECT \(itemColumns) FROM catalogue"

    private static func item(_ id: String, _ database: Database) throws -> Item? {
        guard Identifier.fault(of: id) == nil else { return nil }
        let statement = try database.cachedStatement(sql: "\(selectItem) WHERE name = ?")
        return try Row.fetchOne(statement, arguments: [id]).map(item)
    }

    private static func item(_ row: Row) throws -> Item {
        let id: String = row[0]
        let details = try details(row[6], of: "item \(id)")
        return Item(
            id: id, title: row[1], tags: details.tags, attributes: details.attributes, vectors: details.vectors,
            hidden: row[3],
            availableFrom: row[4], availableUntil: row[5], domain: row[2])
    }

    /// Writes one entry; true when it is new.
    private static func put(_ item: Item, _ database: Database) throws -> Bool {
        let details = Data(RecordDetails(tags: item.tags, attributes: item.attributes, vectors: item.vectors).encoded())
        let values: StatementArguments = [
            item.title, item.domain, item.hidden, item.availableFrom, item.availableUntil, details, item.id,
        ]
        let update = try database.cachedStatement(
            sql: """
                UPDATE catalogue SET title = ?, domain = ?, hidden = ?, available_from = ?, available_until = ?, details = ?
                WHERE name = ?
                """)
        try update.execute(arguments: values)
        if database.changesCount > 0 { return false }
        let insert = try database.cachedStatement(
            sql: """
                INSERT INTO catalogue (title, domain, hidden, available_from, available_until, details, name)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
        try insert.execute(arguments: values)
        let restore = try database.cachedStatement(sql: "DELETE FROM withdrawn_items WHERE name = ?")
        try restore.execute(arguments: [item.id])
        return true
    }

    /// Removes one entry; false when there is none.
    private static func delete(_ id: String, _ database: Database) throws -> Bool {
        let delete = try database.cachedStatement(sql: "DELETE FROM catalogue WHERE name = ?")
        try delete.execute(arguments: [id])
        return database.changesCount > 0
    }

    /// Notes a name that has no entry.
    private static func withdraw(_ id: String, _ database: Database) throws {
        let withdraw = try database.cachedStatement(sql: "INSERT OR IGNORE INTO withdrawn_items VALUES (?)")
        try withdraw.execute(arguments: [id])
    }

    /// Reads the column that holds tags and attributes.
    static func details(_ bytes: Data, of record: String) throws -> RecordDetails {
        guard let details = RecordDetails(decoding: [UInt8](bytes)) else {
            throw StoreError.corrupt("the tags and attributes of \(record) cannot be read")
        }
        return details
    }
}
