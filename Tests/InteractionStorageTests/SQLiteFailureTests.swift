import GRDB
import Testing

@testable import InteractionStorage

@Suite("SQLite store: what SQLite refuses")
struct SQLiteFailureTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    var path: String { directory.file("store.sqlite") }

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
