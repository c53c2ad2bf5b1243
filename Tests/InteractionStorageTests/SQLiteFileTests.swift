import Foundation
import GRDB
import Testing

@testable import InteractionStorage

@Suite("SQLite store: the file")
struct SQLiteFileTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    var path: String { directory.file("store.sqlite") }

    /// A closed store of some pages.
    private func makeStore(interactions: Int = 2000) throws {
        let store = try SQLiteInteractionStore(path: path)
        _ = try store.append(
            (0..<interactions).map { Interaction(userID: "user \($0 % 700)", itemID: "item \($0 % 90)") },
            idempotencyKey: "k")
        try store.putItems([Item(id: "i", title: "t")])
        try store.close()
    }

    /// Opens what must not open, and sees that the file stays as it was; gives the reason.
    private func refusal() throws -> StoreError {
        let before = try directory.bytes("store.sqlite")
        let error = try #require(throws: StoreError.self) { try SQLiteInteractionStore(path: path) }
        #expect(try directory.bytes("store.sqlite") == before)
        return error
    }

    @Test("a store comes back after closing, and without having been closed")
    func reopening() throws {
        try makeStore(interactions: 10)
        // Left open on purpose: its log is not copied back, as after a crash.
        let abandoned = try SQLiteInteractionStore(path: path)
        _ = try abandoned.append([.complete], idempotencyKey: nil)
        let copy = directory.file("copy.sqlite")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
        let store = try SQLiteInteractionStore(path: copy)
        #expect(try store.counts == StoreCounts(interactions: 11, users: 11, items: 11, catalogueItems: 1))
        #expect(try store.everything().last?.interaction == .complete)
        // The receipt is there too.
        #expect(throws: StoreError.keyReused) { try store.append([.complete], idempotencyKey: "k") }
    }

    @Test("a commit is synced in full, and what is deleted is overwritten")
    func pragmas() throws {
        let store = try SQLiteInteractionStore(path: path)
        let (synchronous, secure, journal) = try store.write("reading pragmas") { database, _ in
            (
                try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                try Int.fetchOne(database, sql: "PRAGMA secure_delete"),
                try String.fetchOne(database, sql: "PRAGMA journal_mode")
            )
        }
        #expect(synchronous == 2)
        #expect(secure == 1)
        #expect(journal == "wal")
    }

    @Test("nothing of an erased user is left in any file")
    func erasure() throws {
        let store = try SQLiteInteractionStore(path: path)
        let name = "a-name-found-nowhere-else"
        _ = try store.append(
            (0..<50).map { Interaction(userID: name, itemID: "i", interactionID: "\(name)/\($0)") }, idempotencyKey: nil
        )
        try store.putUsers([User(id: name, attributes: ["name": .string(name)])])
        func files(containing name: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: directory.path).filter {
                try directory.bytes($0).range(of: Data(name.utf8)) != nil
            }
        }
        #expect(try !files(containing: name).isEmpty)
        try store.eraseUser(name, at: 0)
        #expect(try files(containing: name) == [])
    }

    @Test("while somebody reads what was erased it stays in the log, which is told, and goes with the next flush")
    func erasureBesideReader() throws {
        let store = try SQLiteInteractionStore(path: path)
        let name = "a-name-found-nowhere-else"
        _ = try store.append([Interaction(userID: name, itemID: "i")], idempotencyKey: nil)
        func log() throws -> Range<Data.Index>? {
            try directory.bytes("store.sqlite-wal").range(of: Data(name.utf8))
        }
        let other = try SQLiteInteractionStore(path: path)
        try other.scan(after: 0, begin: { _ in }) { _ in
            do {
                let receipt = try store.eraseUser(name, at: 0)
                #expect(receipt.leavesTraces && receipt.interactions == 1)
                #expect(try log() != nil)
                #expect(try !store.flush())
            } catch {
                Issue.record(error)
            }
            return false
        }
        #expect(try store.flush())
        #expect(try log() == nil)
        #expect(try !store.eraseUser(name, at: 0).leavesTraces)
    }

    @Test("a store from before there were erasures is brought up to date, and keeps its receipts")
    func erasuresAreAdded() throws {
        let older = StoreSchema(steps: Array(StoreSchema.current.steps.prefix(3)))
        let database = try DatabaseQueue(path: path)
        try database.inDatabase { database in
            try older.migrate(database)
            try database.execute(
                sql: "INSERT INTO receipts (idempotency_key, stored, duplicates, watermark) VALUES ('k', 1, 2, 3)")
        }
        try database.close()
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.append([], idempotencyKey: "k") == AppendReceipt(stored: 1, duplicates: 2, watermark: 3))
        #expect(try store.eraseUser("u", at: 0).sequence == 1)
        #expect(try store.tombstones(after: 0).contains("u"))
    }

    @Test("two stores know an erased name by different hashes")
    func keyedHashes() throws {
        func digests(_ name: String) throws -> [Data] {
            let store = try SQLiteInteractionStore(path: directory.file(name))
            try store.eraseUser("u", at: 0)
            try store.close()
            let database = try DatabaseQueue(path: directory.file(name))
            return try database.read { try Data.fetchAll($0, sql: "SELECT digest FROM erasures") }
        }
        let (one, other) = (try digests("one.sqlite"), try digests("other.sqlite"))
        #expect(one.count == 1 && one[0].count == 16 && one != other)
    }

    @Test("an empty file is not taken for a store")
    func emptyFile() throws {
        try directory.write(Data(), to: "store.sqlite")
        #expect(try refusal() == .corrupt("\(path) is empty"))
    }

    @Test("files that are no database are refused", arguments: [1, 99, 100, 5000])
    func notADatabase(length: Int) throws {
        try directory.write(Data(repeating: 0x6E, count: length), to: "store.sqlite")
        #expect(try refusal() == .corrupt("\(path) is not a SQLite database"))
    }

    @Test("another program's database is refused, in either journal mode", arguments: ["DELETE", "WAL"])
    func foreignDatabase(mode: String) throws {
        let database = try DatabaseQueue(path: path)
        try database.inDatabase { database in
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = \(mode)")
            try database.execute(sql: "CREATE TABLE other (x); INSERT INTO other VALUES (1)")
        }
        try database.close()
        #expect(try refusal() == .corrupt("\(path) is a SQLite database, but not one of Nectar's"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["store.sqlite"])
    }

    @Test("a directory, and a path through nothing, are refused with a reason")
    func wrongPaths() throws {
        #expect(throws: StoreError.unavailable("\(directory.path) is no file; move it away")) {
            try SQLiteInteractionStore(path: directory.path)
        }
        let error = try #require(throws: StoreError.self) {
            try SQLiteInteractionStore(path: directory.file("none/store.sqlite"))
        }
        guard case .unavailable = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test("a store of a newer schema is refused by its number")
    func newerSchema() throws {
        let newer = StoreSchema(steps: StoreSchema.current.steps + ["CREATE TABLE later (x INTEGER) STRICT"])
        try SQLiteInteractionStore(path: path, schema: newer).close()
        #expect(try refusal() == .newerSchema(found: newer.version, supported: StoreSchema.current.version))
        #expect(throws: Never.self) { try SQLiteInteractionStore(path: path, schema: newer) }
    }

    @Test("a store of schema 1 is brought up to date with all it holds")
    func migration() throws {
        let first = StoreSchema(steps: Array(StoreSchema.current.steps.prefix(1)))
        let old = try SQLiteInteractionStore(path: path, schema: first)
        // As that program wrote it: its receipts have no fingerprint.
        try old.write("appending") { database, totals in
            try database.execute(
                sql: """
                    INSERT INTO user_names VALUES (1, 'ada');
                    INSERT INTO item_names VALUES (1, '50');
                    INSERT INTO interactions VALUES (1, 1, 1, NULL, NULL, NULL, NULL, NULL);
                    INSERT INTO receipts VALUES (1, 'k', 1, 0, 1);
                    """)
            totals.lastRow = 1
            totals.lastUser = 1
            totals.lastItem = 1
            totals.counts = StoreCounts(interactions: 1, users: 1, items: 1)
        }
        try old.close()
        let present = try SQLiteInteractionStore(path: path)
        let retry = try present.append([.complete], idempotencyKey: "k")
        #expect(retry == AppendReceipt(stored: 1, duplicates: 0, watermark: 1))
        try present.close()
        let next = StoreSchema(
            steps: StoreSchema.current.steps + [
                "ALTER TABLE interactions ADD COLUMN extra TEXT", "CREATE TABLE later (x INTEGER) STRICT",
            ])
        let store = try SQLiteInteractionStore(path: path, schema: next)
        #expect(try store.everything().map(\.interaction) == [Interaction(userID: "ada", itemID: "50")])
        let version = try store.read("reading the version") { try StoreSchema.version(of: $0) }
        #expect(version == next.version)
        #expect(try store.read("reading") { try Int.fetchOne($0, sql: "SELECT count(*) FROM later") } == 0)
    }

    @Test("names that an earlier program kept of nothing go, and are not counted")
    func namesOfNothing() throws {
        let old = try SQLiteInteractionStore(
            path: path, schema: StoreSchema(steps: Array(StoreSchema.current.steps.prefix(8))))
        _ = try old.append([.complete, Interaction(userID: "gone", itemID: "gone")], idempotencyKey: nil)
        try old.write("deleting as that program did") { database, totals in
            try database.execute(sql: "DELETE FROM interactions WHERE row = 2")
            totals.counts.interactions -= 1
        }
        try old.close()
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.counts == StoreCounts(interactions: 1, users: 1, items: 1))
        for table in ["user_names", "item_names"] {
            let count = try store.read("counting") { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
            #expect(count == 1, "\(table)")
        }
        #expect(try store.append([Interaction(userID: "gone", itemID: "gone")], idempotencyKey: nil).watermark == 3)
        #expect(try store.counts == StoreCounts(interactions: 2, users: 2, items: 2))
    }

    @Test("a step that fails takes the earlier steps back with it, and the old program opens the file again")
    func failedMigration() throws {
        try makeStore(interactions: 3)
        let broken = StoreSchema(
            steps: StoreSchema.current.steps + ["CREATE TABLE later (x) ", "INSERT INTO nowhere VALUES (1)"])
        #expect(throws: StoreError.self) { try SQLiteInteractionStore(path: path, schema: broken) }
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.counts.interactions == 3)
        #expect(try store.read("reading") { try $0.tableExists("later") } == false)
    }

    @Test("a truncated store is refused", arguments: [1, 4096, 8192, 50_000])
    func truncated(bytes: Int) throws {
        try makeStore()
        let whole = try directory.bytes("store.sqlite")
        try directory.write(whole.dropLast(bytes), to: "store.sqlite")
        let error = try refusal()
        guard case .corrupt(let reason) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.hasSuffix("is cut short: \(whole.count - bytes) bytes of \(whole.count)"), "\(reason)")
    }

    @Test("a store has its log turned on before it has its name, so that of many who open it at once nobody has to")
    func createdWithLog() throws {
        try StoreFile(path: directory.file("store.sqlite"), schema: .current, checkLimit: 0).prepare()
        // SQLite's file format, section 1.3: 2 is the write-ahead log.
        #expect(try directory.bytes("store.sqlite")[18...19].elementsEqual([2, 2]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["store.sqlite"])
    }

    @Test("a store whose pages lost their structure is refused", arguments: 1..<12)
    func damagedPage(page: Int) throws {
        try makeStore()
        var bytes = try directory.bytes("store.sqlite")
        try #require(bytes.count > 12 * 4096)
        // The first bytes of a page say of what kind it is and where its cells are.
        for offset in 0..<8 { bytes[page * 4096 + offset] ^= 0x5A }
        try directory.write(bytes, to: "store.sqlite")
        let error = try refusal()
        guard case .corrupt = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test("a header with any bit of its magic, page size or mark flipped is refused", arguments: [0, 15, 16, 68, 71])
    func damagedHeader(offset: Int) throws {
        try makeStore()
        var bytes = try directory.bytes("store.sqlite")
        bytes[offset] ^= 0x40
        try directory.write(bytes, to: "store.sqlite")
        let error = try refusal()
        guard case .corrupt = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test("a page and what hangs on it are found along an index")
    func plans() throws {
        let store = try SQLiteInteractionStore(path: path)
        for (condition, index) in [
            ("row > 5 AND user = 1", "interactions_by_user"), ("row > 5 AND item = 1", "interactions_by_item"),
            ("interaction_id = 'x'", "interactions_by_id"), ("row > 5", "PRIMARY KEY"),
        ] {
            let plan = try store.read("planning") { database in
                try Row.fetchAll(
                    database, sql: "EXPLAIN QUERY PLAN SELECT * FROM interactions WHERE \(condition) ORDER BY row")
            }
            #expect(plan.count == 1)
            #expect(plan.first.map { ($0["detail"] as String).contains("USING") } == true)
            #expect(plan.first.map { ($0["detail"] as String).contains(index) } == true, "\(plan)")
        }
    }
}
