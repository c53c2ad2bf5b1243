import Dispatch
import Foundation
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

    @Test("fails where a page cannot be read, and does not say that it was over")
    func damage() throws {
        let path = directory.file("store.sqlite")
        try open(interactions: numbered(20_000)).close()
        let pageSize = 4096
        var bytes = try directory.bytes("store.sqlite")
        // A leaf of a table with some hundred rows in it, in the middle of the file.
        let pages = (0..<bytes.count / pageSize).filter { bytes[$0 * pageSize] == 13 }
        let page = try #require(pages.dropFirst(pages.count / 2).first)
        bytes.replaceSubrange(page * pageSize..<(page + 1) * pageSize, with: repeatElement(0xFF, count: pageSize))
        try directory.write(bytes, to: "store.sqlite")
        var configuration = SQLiteInteractionStore.Configuration()
        configuration.checkLimit = 0
        let store = try SQLiteInteractionStore(path: path, configuration: configuration)
        var seen = 0
        let error = #expect(throws: StoreError.self) {
            try store.scan(after: 0, begin: { _ in }) { _ in
                seen += 1
                return true
            }
        }
        if case .corrupt? = error {} else { Issue.record("\(String(describing: error))") }
        #expect(seen > 0 && seen < 20_000)
    }
}
