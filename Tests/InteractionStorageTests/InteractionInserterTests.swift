import GRDB
import Testing

@testable import InteractionStorage

@Suite("SQLite store: rows of one transaction")
struct InteractionInserterTests {
    /// With every member, or none that may be missing, in turns.
    private func interaction(_ number: Int, id: String? = nil) -> Interaction {
        let isBare = number % 3 == 1
        return Interaction(
            userID: "user \(number % 4)", itemID: "item \(number)", kind: isBare ? nil : "view",
            rating: isBare ? nil : Double(number) / 2, weight: isBare ? nil : Double(number),
            timestamp: isBare ? nil : Int64(number), interactionID: id)
    }

    @Test("are stored in their order, however many there are", arguments: [1, 2, 7, 8, 9, 15, 16, 17, 40])
    func anyNumber(count: Int) throws {
        try StoreKind.sqlite.withStore { store in
            let group = (0..<count).map { AppendRequest(interactions: [interaction($0)]) }
            let receipts = try store.append(group: group).map { try $0.get() }
            #expect(receipts.map(\.watermark) == (1...count).map(Int64.init))
            #expect(try store.everything().map(\.interaction) == (0..<count).map { interaction($0) })
            let again = try store.append((0..<count).map { interaction($0) }, idempotencyKey: nil)
            #expect(again.stored == count)
            #expect(try store.everything().suffix(count).map(\.interaction) == (0..<count).map { interaction($0) })
        }
    }

    @Test("a name that was given once is known, also to the rows right behind it")
    func givenNames() throws {
        try StoreKind.sqlite.withStore { store in
            // Every third one is named, each name twice, most within one statement's rows.
            let rows = (0..<36).map { interaction($0, id: $0 % 3 == 0 ? "name \($0 / 6)" : nil) }
            let receipts = try store.append(group: rows.map { AppendRequest(interactions: [$0]) }).map { try $0.get() }
            let isSecond = rows.indices.map { $0 % 6 == 3 }
            #expect(receipts.map(\.duplicates) == isSecond.map { $0 ? 1 : 0 })
            let expected = zip(rows, isSecond).filter { !$0.1 }.map(\.0)
            #expect(try store.everything().map(\.interaction) == expected)
        }
    }

    @Test("names stand in any place among the rows of a statement", arguments: 0..<8)
    func place(named: Int) throws {
        try StoreKind.sqlite.withStore { store in
            let rows = (0..<8).map { interaction($0, id: $0 == named ? "named" : nil) }
            let first = try store.append(rows, idempotencyKey: nil)
            let again = try store.append([rows[named]], idempotencyKey: nil)
            #expect(first.stored == 8 && again.duplicates == 1)
            #expect(try store.everything().map(\.interaction) == rows)
        }
    }

    /// A store that refuses every rating of 13.
    private func refusing(_ directory: TemporaryDirectory) throws -> SQLiteInteractionStore {
        let store = try SQLiteInteractionStore(path: directory.file("store.sqlite"))
        try store.write("adding a trigger") { database, _ in
            try database.execute(
                sql: """
                    CREATE TRIGGER refuse BEFORE INSERT ON interactions WHEN new.rating = 13
                    BEGIN SELECT RAISE(ABORT, 'no'); END
                    """)
        }
        return store
    }

    private func rated(_ number: Int, bad: Int) -> Interaction {
        Interaction(userID: "user \(number)", itemID: "item \(number % 3)", rating: number == bad ? 13 : 1)
    }

    @Test("of a statement that fails in the middle nothing stays", arguments: [0, 4, 7, 8, 12, 17])
    func failure(bad: Int) throws {
        let directory = try TemporaryDirectory()
        let store = try refusing(directory)
        let first = [Interaction(userID: "user 1", itemID: "first")]
        _ = try store.append(first, idempotencyKey: nil)
        let rows = (0..<18).map { rated($0, bad: bad) }
        #expect(throws: StoreError.failed(operation: "append", reason: "no")) {
            try store.append(rows, idempotencyKey: "key")
        }
        #expect(throws: StoreError.self) {
            try store.load(begunAfter: nil) { load in
                _ = try load.append(Array(rows[..<3]))
                _ = try load.append(rows)
            }
        }
        #expect(try store.everything().map(\.interaction) == first)
        #expect(try store.counts == StoreCounts(interactions: 1, users: 1, items: 1))
        // Of a group each request stands for itself, and the names of the others are their own.
        let results = try store.append(group: rows.map { AppendRequest(interactions: [$0]) })
        #expect(results.indices.filter { (try? results[$0].get()) == nil } == [bad])
        let good = rows.indices.filter { $0 != bad }.map { rows[$0] }
        #expect(try store.append(good, idempotencyKey: nil).stored == 17)
        #expect(try store.everything().map(\.interaction) == first + good + good)
        let users = Set((first + good).map(\.userID)).count
        #expect(try store.counts == StoreCounts(interactions: 35, users: users, items: 4))
    }
}
