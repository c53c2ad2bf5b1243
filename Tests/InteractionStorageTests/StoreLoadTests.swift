import GRDB
import TestSupport
import Testing

@testable import InteractionStorage

@Suite("SQLite store: loads of many rows in one transaction")
struct StoreLoadTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> SQLiteInteractionStore {
        try SQLiteInteractionStore(path: directory.file("store.sqlite"))
    }

    private func indices(_ store: SQLiteInteractionStore) throws -> [String] {
        try store.read("listing indices") { database in
            try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'interactions' ORDER BY name")
        }
    }

    private static let usual = ["interactions_by_id", "interactions_by_item", "interactions_by_user"]

    private func rows(_ range: Range<Int>) -> [Interaction] {
        range.map { Interaction(userID: "u\($0 % 7)", itemID: "i\($0 % 11)", interactionID: "x\($0)") }
    }

    @Test(
        "what is loaded is what would be appended, into an empty store and into one with rows",
        arguments: [false, true])
    func loaded(isEmpty: Bool) throws {
        let store = try open()
        let oracle = InMemoryInteractionStore()
        if !isEmpty {
            for each in [store, oracle] as [any InteractionStore] {
                _ = try each.append(rows(0..<5), idempotencyKey: nil)
            }
        }
        let batches = [rows(0..<300), rows(290..<500), [], [.complete, .complete]]
        var receipts: [AppendReceipt] = []
        try store.load(begunAfter: nil) { load in
            for batch in batches { receipts.append(try load.append(batch)) }
            #expect(try load.changeItems([.put(Item(id: "a")), .put(Item(id: "a", title: "t"))]) == 1)
            try load.putUsers([User(id: "u")])
            #expect(try load.settleUsers() == 0)
            #expect(load.interactionCount == 501)
        }
        #expect(try receipts == batches.map { try oracle.append($0, idempotencyKey: nil) })
        #expect(try store.everything() == oracle.everything())
        #expect(
            try store.counts == StoreCounts(interactions: 501, users: 8, items: 12, userRecords: 1, catalogueItems: 1))
        #expect(try store.item("a")?.title == "t" && store.user("u") != nil)
        #expect(try store.interactions(userID: "u3", itemID: "i5", kind: nil, after: nil, limit: 999).count > 3)
        #expect(try indices(store) == Self.usual)
        try store.close()
        #expect(try open().counts.interactions == 501)
    }

    @Test(
        "a load that throws leaves nothing behind, its indices and its numbers as they were", arguments: [false, true])
    func undone(isEmpty: Bool) throws {
        let store = try open()
        if !isEmpty { _ = try store.append(rows(0..<5), idempotencyKey: nil) }
        let before = try (store.everything(), store.counts, store.watermark)
        #expect(throws: StoreError.self) {
            try store.load(begunAfter: nil) { load in
                _ = try load.append(rows(100..<30_000))
                _ = try load.changeItems([.put(Item(id: "a")), .withdraw("b")])
                _ = try load.append([Interaction(userID: "", itemID: "i")])
            }
        }
        #expect(try (store.everything(), store.counts, store.watermark) == before)
        #expect(try indices(store) == Self.usual && store.item("a") == nil)
        #expect(try store.append(rows(5..<6), idempotencyKey: nil).watermark == (isEmpty ? 1 : 6))
    }

    @Test("who was erased since the rows were read is kept out, and their rows out of quarantine")
    func erased() throws {
        let store = try open()
        try store.eraseUser("u3", at: 5)
        let bounds = QuarantineBounds(rows: 9, bytes: 999)
        try store.load(begunAfter: 0) { load in
            let receipt = try load.append(rows(0..<7))
            #expect(receipt.erased == 1)
            let refused = ["u3", "u4", nil].enumerated().map { line, user in
                QuarantinedRow(
                    upload: "a", format: .csv, line: line, text: [], detail: "", userID: user, time: 0)
            }
            #expect(try load.quarantine(refused, within: bounds) == QuarantineReceipt(kept: 1, erased: 2))
        }
        #expect(try store.counts.interactions == 6 && store.quarantineCounts.rows == 1)
    }

    @Test("names that were forgotten on the way keep their keys")
    func forgottenNames() throws {
        let store = try open()
        try store.write("appending") { database, totals in
            var appender = try InteractionAppender(database, receiptsKept: 0)
            for _ in 0..<3 {
                _ = try appender.append(
                    AppendRequest(interactions: rows(0..<50).map { Interaction(userID: $0.userID, itemID: $0.itemID) }),
                    &totals, in: database)
                appender.forgetNames(beyond: 3)
            }
        }
        #expect(try store.counts == StoreCounts(interactions: 150, users: 7, items: 11))
    }

    @Test("while a load goes on others open the store and read it, and see nothing of it")
    func openedMeanwhile() throws {
        let store = try open()
        _ = try store.append(rows(0..<5), idempotencyKey: nil)
        var configuration = SQLiteInteractionStore.Configuration()
        configuration.busyTimeout = .zero
        try store.load(begunAfter: nil) { load in
            _ = try load.append(rows(5..<9))
            let other = try SQLiteInteractionStore(
                path: directory.file("store.sqlite"), configuration: configuration)
            let held = try other.counts.interactions
            #expect(held == 5)
            #expect(throws: StoreError.self) { try other.append(rows(9..<10), idempotencyKey: nil) }
            try other.close()
        }
        #expect(try store.counts.interactions == 9)
    }
}
