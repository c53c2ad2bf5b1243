import Dispatch
import Foundation
import GRDB
import Locking
import Testing

@testable import InteractionStorage

@Suite("Every durable store: backups")
struct BackupContractTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private var copy: String { directory.file("backup.sqlite") }

    private func interactions(_ range: Range<Int>) -> [Interaction] {
        range.map { Interaction(userID: "u\($0 % 70)", itemID: "i\($0 % 9)", timestamp: Int64($0)) }
    }

    /// Something of everything.
    private func fill(_ store: any InteractionStore) throws {
        _ = try store.append(interactions(0..<2000), idempotencyKey: "k")
        _ = try store.append([.complete], idempotencyKey: nil)
        try store.putItems([Item(id: "i1", title: "t"), RecordContractTests.film, Item(id: "i2")])
        try store.deleteItem("i2")
        try store.putUsers([User(id: "u1", tags: ["vip"], attributes: ["age": .number(33)]), User(id: "only record")])
        for user in ["u5", "unheard of"] { try store.eraseUser(user, at: 4_000) }
        try store.completeErasures(upTo: 1)
        _ = try store.deleteInteraction(id: "row:1999")
        try quarantine(1...3, in: store)
    }

    /// Refused rows, of which the last two stay.
    private func quarantine(_ lines: ClosedRange<Int>, in store: any InteractionStore) throws {
        let rows = lines.map { line in
            QuarantinedRow(
                upload: "a", format: line % 2 == 0 ? .csv : .json, line: line,
                text: line % 2 == 0 ? [] : [0xFF, 0], isCut: line % 2 == 0, detail: "é",
                userID: line % 2 == 0 ? nil : "u\(line)", time: -5)
        }
        try store.quarantine(rows, begunAfter: nil, within: QuarantineBounds(rows: 2, bytes: 999))
    }

    @Test(
        "a backup is one file, a store by itself with all that was held, and says so beside it",
        arguments: StoreKind.durable)
    func whole(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try fill(store)
            let backup = try store.backUp(to: copy, at: 5_000)
            #expect(try StoreBackup(describing: copy) == backup)
            #expect(
                backup.createdAt == 5_000 && backup.watermark == 2001 && backup.schema == StoreSchema.current.version)
            #expect(backup.interactions == 1971 && backup.users == 70 && backup.items == 10)
            #expect(backup.userRecords == 2 && backup.catalogueItems == 2)
            #expect(backup.bytes == Int64(try directory.bytes("backup.sqlite").count))
            try backup.verify(copy)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            #expect(names == ["backup.sqlite", "backup.sqlite.json"])
            try expectTheSame(store, SQLiteInteractionStore(path: copy))
        }
    }

    private func expectTheSame(_ store: any InteractionStore, _ copy: any InteractionStore) throws {
        #expect(try copy.everything() == store.everything() && copy.counts == store.counts)
        let items = try store.itemsByArrival(after: 0, limit: 9)
        #expect(items.map(\.item.id) == ["i1", RecordContractTests.film.id])
        #expect(try copy.itemsByArrival(after: 0, limit: 9) == items)
        #expect(try copy.users(after: nil, limit: 9) == store.users(after: nil, limit: 9))
        #expect(try copy.withdrawnItems(after: nil, limit: 9) == ["i2"])
        let (erased, kept) = (try store.tombstones(after: 0), try copy.tombstones(after: 0))
        #expect(kept.last == 2 && kept.count == 2 && kept.stone(of: "u5") == erased.stone(of: "u5"))
        let pending = try copy.pendingErasures()
        #expect(pending.count == 1 && pending.contains("unheard of"))
        let quarantined = try copy.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9)
        #expect(quarantined.map(\.line) == [2, 3] && quarantined.map(\.text) == [[], [0xFF, 0]])
        #expect(try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9) == quarantined)
        #expect(try copy.quarantineCounts == store.quarantineCounts && store.quarantineCounts.dropped == 1)
        // It goes on where the other stood.
        try quarantine(4...4, in: copy)
        #expect(try copy.quarantinedRows(upload: nil, userID: nil, after: 3, limit: 9).map(\.id) == [4])
        #expect(try copy.append(interactions(0..<2000), idempotencyKey: "k").stored == 2000)
        #expect(try copy.append([Interaction(userID: "new", itemID: "new")], idempotencyKey: nil).watermark == 2002)
        #expect(try copy.scanned().rows.last?.interaction.userID == "new")
    }

    @Test("a backup that is made while others write holds a state that there was", arguments: StoreKind.durable)
    func whileWriting(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let isOver = Lock(false)
            let written = DispatchSemaphore(value: 0)
            DispatchQueue.global().async {
                var batch = 0
                while !isOver.withLock({ $0 }) {
                    _ = try? store.append(self.interactions(0..<10), idempotencyKey: "batch \(batch)")
                    batch += 1
                }
                written.signal()
            }
            for number in 0..<5 {
                let path = directory.file("backup \(number).sqlite")
                let backup = try store.backUp(to: path, at: 0)
                // Whole transactions only.
                #expect(backup.interactions % 10 == 0 && backup.watermark == Int64(backup.interactions))
                try backup.verify(path)
            }
            isOver.withLock { $0 = true }
            written.wait()
        }
    }

    @Test("a file that is there is never written over", arguments: StoreKind.durable)
    func existing(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            _ = try store.backUp(to: copy, at: 0)
            let before = try directory.bytes("backup.sqlite")
            #expect(throws: StoreError.failed(operation: "backing up", reason: "\(copy) exists already")) {
                try store.backUp(to: copy, at: 1)
            }
            #expect(throws: StoreError.self) { try store.backUp(to: directory.file("no folder/b.sqlite"), at: 1) }
            #expect(try directory.bytes("backup.sqlite") == before)
        }
    }

    #if PostgreSQL
        @Test("what is copied between SQLite and PostgreSQL are all the tables of both, with all their columns")
        func tables() throws {
            let file = try SQLiteInteractionStore(path: copy)
            let database = try TestDatabase()
            try PostgreSQLInteractionStore(at: database.address, configuration: database.configuration).close()
            let copied = Set(CopiedTable.all.map(\.name))
            let (sqlite, columns) = try file.read("looking") { database in
                (
                    Set(try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")),
                    try copied.map { name in
                        (name, Set(try database.columns(in: name).map(\.name)).subtracting(["key", "id"]))
                    }
                )
            }
            #expect(sqlite.subtracting(copied) == ["totals"])
            for (name, columns) in columns {
                let table = try #require(CopiedTable.all.first { $0.name == name })
                #expect(columns.isSubset(of: Set(table.columns.map(\.sqlite))), "\(name)")
            }
            let rows = try database.connect().query(
                """
                SELECT table_name::text, column_name::text FROM information_schema.columns
                WHERE table_schema = $1 AND table_name NOT IN ('totals', 'schema_version')
                """, [.text(database.schema)])
            let found = Set((0..<rows.count).map { "\(rows.text($0, 0)).\(rows.text($0, 1))" })
            #expect(
                found
                    == Set(CopiedTable.all.flatMap { table in table.columns.map { "\(table.name).\($0.postgreSQL)" } }))
        }
    #endif
}
