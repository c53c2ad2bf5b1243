import Dispatch
import GRDB
import Locking
import Testing

@testable import InteractionStorage

@Suite("SQLite store: several at once")
struct SQLiteConcurrencyTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    var path: String { directory.file("store.sqlite") }

    @Test("writers and readers together: nothing is lost, and every page and scan is of one moment")
    func writersAndReaders() throws {
        let store = try SQLiteInteractionStore(path: path)
        let faults = Lock<[String]>([])
        @Sendable func note(_ fault: String) { faults.withLock { $0.append(fault) } }
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            do {
                for round in 0..<25 {
                    if thread < 4 {
                        // Two at a time: whoever sees one must see both.
                        let pair = [0, 1].map { Interaction(userID: "u\(thread)", itemID: "i\(round)/\($0)") }
                        _ = try store.append(pair, idempotencyKey: "\(thread)/\(round)")
                    } else if thread < 6 {
                        let (snapshot, rows) = try store.scanned()
                        if rows.count % 2 != 0 { note("half an append was seen") }
                        if rows.count != snapshot?.interactionCount { note("the count is of another moment") }
                        if rows.last?.rowID ?? 0 != snapshot?.watermark { note("the watermark is of another moment") }
                    } else {
                        let counts = try store.counts
                        if counts.interactions % 2 != 0 { note("half an append was counted") }
                        try store.putItems([Item(id: "\(thread)/\(round)")])
                        try store.updateItem("6/0") { $0.tags.append("\(thread)") }
                    }
                }
            } catch {
                note("\(error)")
            }
        }
        #expect(faults.withLock { $0 } == [])
        #expect(
            try store.counts == StoreCounts(interactions: 200, users: 4, items: 50, catalogueItems: 50))
    }

    @Test("pages by cursor neither repeat nor skip a row while rows are added")
    func paging() throws {
        let store = try SQLiteInteractionStore(path: path)
        let appends = 60
        let collected = Lock<[Int64]>([])
        DispatchQueue.concurrentPerform(iterations: 2) { thread in
            if thread == 0 {
                for number in 0..<appends {
                    let rows = [Interaction(userID: "u", itemID: "\(number)"), Interaction(userID: "v", itemID: "x")]
                    _ = try? store.append(rows, idempotencyKey: nil)
                }
            } else {
                var rows: [Int64] = []
                while rows.count < appends {
                    let page = try? store.interactions(
                        userID: "u", itemID: nil, kind: nil, after: rows.last, limit: 7)
                    guard let page else { return }
                    rows += page.map(\.rowID)
                }
                collected.withLock { $0 = rows }
            }
        }
        #expect(collected.withLock { $0 } == (0..<appends).map { Int64($0 * 2 + 1) })
    }

    @Test("two stores on one file, as of two programs, add up")
    func twoPrograms() throws {
        let stores = [try SQLiteInteractionStore(path: path), try SQLiteInteractionStore(path: path)]
        let faults = Lock<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 2) { program in
            for round in 0..<30 {
                do {
                    let own = Interaction(userID: "u\(round)", itemID: "i", interactionID: "\(round)")
                    _ = try stores[program].append([own, Interaction(userID: "w", itemID: "j")], idempotencyKey: nil)
                } catch {
                    faults.withLock { $0.append("\(error)") }
                }
            }
        }
        #expect(faults.withLock { $0 } == [])
        for store in stores {
            #expect(try store.counts == StoreCounts(interactions: 90, users: 31, items: 2))
            #expect(try store.everything().map(\.rowID) == Array(1...90))
        }
    }

    @Test("several programs that start at once on no file make one store")
    func simultaneousCreation() throws {
        let results = Lock<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { program in
            do {
                let store = try SQLiteInteractionStore(path: path)
                _ = try store.append([Interaction(userID: "u\(program)", itemID: "i")], idempotencyKey: nil)
                try store.close()
            } catch {
                results.withLock { $0.append("\(error)") }
            }
        }
        #expect(results.withLock { $0 } == [])
        #expect(try SQLiteInteractionStore(path: path).counts.interactions == 4)
    }

    @Test("a request that SQLite itself refuses leaves the others of its group in place")
    func unforeseenFailure() throws {
        let store = try SQLiteInteractionStore(path: path)
        try store.write("adding a trigger") { database, _ in
            try database.execute(
                sql: """
                    CREATE TRIGGER refuse BEFORE INSERT ON interactions WHEN new.interaction_id = 'bad'
                    BEGIN SELECT RAISE(ABORT, 'no'); END
                    """)
        }
        func request(_ user: String, _ id: String) -> AppendRequest {
            AppendRequest(
                interactions: [
                    Interaction(userID: user, itemID: "i"), Interaction(userID: user, itemID: "i", interactionID: id),
                ], idempotencyKey: id)
        }
        let results = try store.append(group: [request("a", "1"), request("b", "bad"), request("c", "2")])
        #expect(
            results == [
                .success(AppendReceipt(stored: 2, duplicates: 0, watermark: 2)),
                .failure(.failed(operation: "append", reason: "no")),
                .success(AppendReceipt(stored: 2, duplicates: 0, watermark: 4)),
            ])
        #expect(try store.counts == StoreCounts(interactions: 4, users: 2, items: 1))
        #expect(try store.scanned().rows.map(\.interaction.userID) == ["a", "a", "c", "c"])
    }

    @Test("closing waits for calls under way, and later ones are refused")
    func closing() throws {
        let store = try SQLiteInteractionStore(path: path)
        _ = try store.append([.complete], idempotencyKey: nil)
        let others = Lock<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 6) { thread in
            if thread == 3 {
                try? store.close()
                return
            }
            for _ in 0..<50 {
                do {
                    let count = try store.everything().count
                    if count != 1 { others.withLock { $0.append("\(count) rows") } }
                } catch {
                    if error as? StoreError != .unavailable("the store is closed") {
                        others.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        #expect(others.withLock { $0 } == [])
        #expect(throws: StoreError.unavailable("the store is closed")) { try store.counts }
    }

    static let mapped: [(ResultCode, StoreError)] = [
        (.SQLITE_FULL, .noSpace("op: why")),
        (.SQLITE_IOERR_FSYNC, .unavailable("op: why")),
        (.SQLITE_BUSY, .unavailable("op: why")),
        (.SQLITE_CORRUPT_INDEX, .corrupt("why")),
        (.SQLITE_NOTADB, .corrupt("why")),
        (.SQLITE_CONSTRAINT_UNIQUE, .failed(operation: "op", reason: "why")),
    ]

    @Test("SQLite's results are put into the store's terms", arguments: mapped)
    func errors(_ code: ResultCode, _ expected: StoreError) {
        #expect(StoreError(DatabaseError(resultCode: code, message: "why"), during: "op") == expected)
    }
}
