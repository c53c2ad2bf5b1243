import Dispatch
import GRDB
import Locking
import Testing

@testable import InteractionStorage

@Suite("SQLite store: the scan")
struct InteractionScanTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open(interactions: [Interaction] = []) throws -> SQLiteInteractionStore {
        let store = try SQLiteInteractionStore(path: directory.file("store.sqlite"))
        _ = try store.append(interactions, idempotencyKey: nil)
        return store
    }

    private func numbered(_ count: Int) -> [Interaction] {
        (0..<count).map { Interaction(userID: "u\($0 % 3)", itemID: "i", rating: Double($0)) }
    }

    /// The rows behind `watermark` until `limit` of them have come, and how many the store says that there were.
    private func rows(
        _ store: SQLiteInteractionStore, after watermark: Int64 = 0, limit: Int = .max
    ) throws -> (rows: [ScannedInteraction], count: Int) {
        var rows: [ScannedInteraction] = []
        let count = try store.scan(after: watermark, begin: { _ in }) { row in
            rows.append(row)
            return rows.count < limit
        }
        return (rows, count)
    }

    @Test("tells what is 0 from what is not there")
    func zero() throws {
        let store = try open(interactions: [
            Interaction(userID: "u", itemID: "i", rating: 0, weight: 0), Interaction(userID: "u", itemID: "i"),
            Interaction(userID: "u", itemID: "i", kind: "k", rating: -0.5, weight: 1e-300, timestamp: 1),
        ])
        // No request brings a time of 0; a record from elsewhere may.
        try store.write("changing a time") { database, _ in
            try database.execute(sql: "UPDATE interactions SET timestamp = 0 WHERE row = 1")
        }
        let rows = try rows(store).rows
        #expect(rows.map(\.rating) == [0, nil, -0.5])
        #expect(rows.map(\.weight) == [0, nil, 1e-300])
        #expect(rows.map(\.timestamp) == [0, nil, 1])
        #expect(rows.map(\.kindKey) == [0, 0, 1])
    }

    @Test("begins behind the watermark and ends where it is told to", arguments: [1, 2, 99, 100])
    func ends(limit: Int) throws {
        let store = try open(interactions: numbered(200))
        let some = try rows(store, after: 100, limit: limit)
        #expect(some.rows.map(\.rowID) == (101..<101 + Int64(limit)).map { $0 })
        #expect(some.count == limit)
        // The connection is as good as before.
        #expect(try rows(store).count == 200)
        #expect(try rows(store, after: 200).count == 0)
    }

    @Test("may be made by several at once")
    func atOnce() throws {
        let store = try open(interactions: numbered(2000))
        let counts = Lock<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { number in
            let count = (try? rows(store, after: Int64(number) * 100).count) ?? -1
            counts.withLock { $0.append(count) }
        }
        #expect(counts.withLock { $0 }.sorted() == [1300, 1400, 1500, 1600, 1700, 1800, 1900, 2000])
    }

    @Test("its function is nobody else's")
    func function() throws {
        let store = try open(interactions: numbered(3))
        let error = #expect(throws: StoreError.self) {
            try store.read("calling it") { database in
                try Row.fetchOne(database, sql: "SELECT nectar_hand_over(1, row, 1, 1, 1, 1, 1, 1) FROM interactions")
            }
        }
        if case .failed? = error {} else { Issue.record("\(String(describing: error))") }
        #expect(try rows(store).count == 3)
    }
}
