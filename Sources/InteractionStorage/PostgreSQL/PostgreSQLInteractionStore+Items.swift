#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// Stores and withdraws catalogue entries; see ``InteractionStore/changeItems(_:)``.
        @discardableResult
        public func changeItems(_ changes: [ItemChange]) throws(StoreError) -> Int {
            try StoreError.check(changes, named: "item", during: "storing items", fault: \.fault)
            guard !changes.isEmpty else { return 0 }
            return try write("storing items") { connection, totals in
                var (added, removed) = (0, 0)
                for run in changes.runs {
                    switch run {
                    case .put(let items):
                        let count = try Self.put(items, connection)
                        if count > 0 { try Self.restore(items.map(\.id), connection) }
                        added += count
                    case .withdraw(let ids):
                        removed += try Self.delete(ids, connection)
                        try Self.withdraw(ids, connection)
                    }
                }
                totals.counts.catalogueItems += added - removed
                return added
            }
        }

        /// One catalogue entry; see ``InteractionStore/item(_:)``.
        public func item(_ id: String) throws(StoreError) -> Item? {
            try read("reading an item") { try Self.item(id, $0) }
        }

        /// Several catalogue entries, all of one moment; see ``InteractionStore/lookUpItems(_:)``.
        public func lookUpItems(_ ids: [String]) throws(StoreError) -> [Item?] {
            let names = ids.filter { Identifier.fault(of: $0) == nil }
            guard !names.isEmpty else { return ids.map { _ in nil } }
            let found = try read("reading items") { connection in
                try Self.items(of: connection.query("\(Self.selectItem) WHERE name = ANY($1)", [.texts(names)]))
            }
            let byName = Dictionary(found.map { (ExactName($0.id), $0) }, uniquingKeysWith: { first, _ in first })
            return ids.map { byName[ExactName($0)] }
        }

        /// A page of the catalogue; see ``InteractionStore/items(after:limit:)``.
        public func items(after id: String?, limit: Int) throws(StoreError) -> [Item] {
            guard limit > 0 else { return [] }
            return try read("listing items") { connection in
                try Self.items(
                    of: connection.query(
                        "\(Self.selectItem) WHERE name > $1 ORDER BY name LIMIT $2",
                        [.text(Self.cursor(id)), .integer(Int64(limit))]))
            }
        }

        /// A page of the catalogue by arrival; see ``InteractionStore/itemsByArrival(after:limit:)``.
        public func itemsByArrival(after arrival: Int64, limit: Int) throws(StoreError) -> [ArrivedItem] {
            guard limit > 0 else { return [] }
            return try read("listing items") { connection in
                let rows = try connection.query(
                    "SELECT \(Self.itemColumns), arrival FROM catalogue WHERE arrival > $1 ORDER BY arrival LIMIT $2",
                    [.integer(arrival), .integer(Int64(limit))])
                return try zip(0..<rows.count, Self.items(of: rows)).map { row, item in
                    ArrivedItem(arrival: rows.integer(row, 7), item: item)
                }
            }
        }

        /// Changes one catalogue entry; see ``InteractionStore/updateItem(_:_:)``.
        @discardableResult
        public func updateItem(_ id: String, _ change: (inout Item) -> Void) throws(StoreError) -> Item? {
            try write("updating an item") { connection, _ in
                guard var item = try Self.item(id, connection) else { return nil }
                change(&item)
                item.id = id
                if let fault = item.fault { throw StoreError.failed(operation: "updating an item", reason: fault) }
                _ = try Self.put([item], connection)
                return item
            }
        }

        /// Removes one catalogue entry, never its interactions; see ``InteractionStore/deleteItem(_:)``.
        @discardableResult
        public func deleteItem(_ id: String) throws(StoreError) -> Bool {
            guard Identifier.fault(of: id) == nil else { return false }
            return try write("deleting an item") { connection, totals in
                let deleted = try Self.delete([id], connection)
                totals.counts.catalogueItems -= deleted
                guard deleted > 0 else { return false }
                try Self.withdraw([id], connection)
                return true
            }
        }

        /// A page of what was withdrawn; see ``InteractionStore/withdrawnItems(after:limit:)``.
        public func withdrawnItems(after id: String?, limit: Int) throws(StoreError) -> [String] {
            guard limit > 0 else { return [] }
            return try read("listing withdrawn items") { connection in
                let rows = try connection.query(
                    "SELECT name FROM withdrawn_items WHERE name > $1 ORDER BY name LIMIT $2",
                    [.text(Self.cursor(id)), .integer(Int64(limit))])
                return (0..<rows.count).map { rows.text($0, 0) }
            }
        }

        private static let itemColumns = "name, title, domain, hidden, available_from, available_until, details"
        private static let selectItem = "SELECT \(itemColumns) FROM catalogue"

        /// Writes entries in the place of those that have their names, or behind all others; returns how many were new.
        private static func put(_ items: [Item], _ connection: PostgreSQLConnection) throws -> Int {
            // Whoever writes has locked the totals: nobody else gives out a place.
            var last = try connection.query("SELECT coalesce(max(arrival), 0) FROM catalogue").integer(0, 0)
            let replaced = try connection.query(
                "DELETE FROM catalogue WHERE name = ANY($1) RETURNING name, arrival", [.texts(items.map(\.id))])
            var arrivals: [ExactName: Int64] = [:]
            for row in 0..<replaced.count { arrivals[ExactName(replaced.text(row, 0))] = replaced.integer(row, 1) }
            for item in items where arrivals[ExactName(item.id)] == nil {
                last += 1
                arrivals[ExactName(item.id)] = last
            }
            try connection.copyIn(
                "COPY catalogue (\(itemColumns), arrival) FROM STDIN (FORMAT binary)",
                rows(of: Self.last(of: items, named: \.id), arrivals))
            return arrivals.count - replaced.count
        }

        /// Names that have an entry again are not withdrawn.
        private static func restore(_ ids: [String], _ connection: PostgreSQLConnection) throws {
            try connection.query("DELETE FROM withdrawn_items WHERE name = ANY($1)", [.texts(ids)])
        }

        /// Removes entries; returns how many there were.
        private static func delete(_ ids: [String], _ connection: PostgreSQLConnection) throws -> Int {
            try connection.query("DELETE FROM catalogue WHERE name = ANY($1)", [.texts(ids)]).affected
        }

        /// Notes names that have no entry.
        private static func withdraw(_ ids: [String], _ connection: PostgreSQLConnection) throws {
            try connection.query("INSERT INTO withdrawn_items SELECT unnest($1) ON CONFLICT DO NOTHING", [.texts(ids)])
        }

        private static func item(_ id: String, _ connection: PostgreSQLConnection) throws -> Item? {
            guard Identifier.fault(of: id) == nil else { return nil }
            return try items(of: connection.query("\(selectItem) WHERE name = $1", [.text(id)])).first
        }

        private static func items(of rows: PostgreSQLResult) throws -> [Item] {
            try (0..<rows.count).map { row in
                let id = rows.text(row, 0)
                let details = try details(rows.bytes(row, 6), of: "item \(id)")
                return Item(
                    id: id, title: rows.optionalText(row, 1), tags: details.tags, attributes: details.attributes,
                    vectors: details.vectors, hidden: rows.boolean(row, 3), availableFrom: rows.optionalInteger(row, 4),
                    availableUntil: rows.optionalInteger(row, 5), domain: rows.optionalText(row, 2))
            }
        }

        private static func rows(of items: [Item], _ arrivals: [ExactName: Int64]) -> PostgreSQLRows {
            var rows = PostgreSQLRows()
            for item in items {
                rows.begin(fields: 8)
                rows.append(item.id)
                rows.append(item.title)
                rows.append(item.domain)
                rows.append(item.hidden)
                rows.append(item.availableFrom)
                rows.append(item.availableUntil)
                rows.append(
                    RecordDetails(tags: item.tags, attributes: item.attributes, vectors: item.vectors).encoded())
                rows.append(arrivals[ExactName(item.id)])
            }
            return rows
        }

        // MARK: In common

        /// The records of each name that stand last, for they replace the others.
        static func last<Record>(of records: [Record], named name: (Record) -> String) -> [Record] {
            var seen: Set<ExactName> = []
            return records.reversed().filter { seen.insert(ExactName(name($0))).inserted }.reversed()
        }

        /// Writes records in the place of those that have their names; returns how many had none.
        static func replace(
            _ table: String, _ names: [String], _ rows: PostgreSQLRows, _ connection: PostgreSQLConnection
        ) throws -> Int {
            let replaced = try connection.query("DELETE FROM \(table) WHERE name = ANY($1)", [.texts(names)]).affected
            try connection.copyIn("COPY \(table) FROM STDIN (FORMAT binary)", rows)
            return names.count - replaced
        }

        /// Where a list goes on. No name holds a NUL, which PostgreSQL refuses: those beyond `a\0b` are those beyond `a`.
        static func cursor(_ id: String?) -> String {
            String(decoding: (id ?? "").utf8.prefix { $0 != 0 }, as: UTF8.self)
        }

        /// Reads the column that holds tags and attributes.
        static func details(_ bytes: [UInt8], of record: String) throws -> RecordDetails {
            guard let details = RecordDetails(decoding: bytes) else {
                throw StoreError.corrupt("the tags and attributes of \(record) cannot be read")
            }
            return details
        }
    }
#endif
