import GRDB
import Testing

@testable import InteractionStorage

@Suite("SQLite store: names known from one commit to the next")
struct KnownNamesTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open() throws -> SQLiteInteractionStore {
        try SQLiteInteractionStore(path: directory.file("store.sqlite"))
    }

    private func append(_ user: String, _ item: String, to store: SQLiteInteractionStore) throws {
        _ = try store.append([Interaction(userID: user, itemID: item, kind: "view")], idempotencyKey: nil)
    }

    /// Who touched what, as the store's own names have it.
    private func pairs(_ store: SQLiteInteractionStore) throws -> [[String]] {
        try store.everything().map { [$0.interaction.userID, $0.interaction.itemID, $0.interaction.kind ?? ""] }
    }

    @Test("are those of the rows, commit by commit")
    func manyCommits() throws {
        let store = try open()
        let expected = (0..<60).map { ["user \($0 % 7)", "item \($0 % 5)", "view"] }
        for pair in expected { try append(pair[0], pair[1], to: store) }
        #expect(try pairs(store) == expected)
        #expect(try store.counts == StoreCounts(interactions: 60, users: 7, items: 5))
    }

    @Test("are looked up anew after an erasure")
    func erasure() throws {
        let store = try open()
        try append("a", "x", to: store)
        try append("b", "x", to: store)
        try store.eraseUser("a", at: 0)
        try append("a", "x", to: store)
        #expect(try pairs(store) == [["b", "x", "view"], ["a", "x", "view"]])
    }

    @Test("are looked up anew after what was rolled back")
    func rollBack() throws {
        struct Refused: Error {}
        let store = try open()
        try append("a", "x", to: store)
        #expect(throws: StoreError.self) {
            try store.load(begunAfter: nil) { load in
                _ = try load.append([Interaction(userID: "b", itemID: "y")])
                throw Refused()
            }
        }
        try store.write("refusing") { database, _ in
            try database.execute(
                sql: """
                    CREATE TRIGGER refuse BEFORE INSERT ON interactions WHEN new.rating = 13
                    BEGIN SELECT RAISE(ABORT, 'no'); END
                    """)
        }
        let unlucky = Interaction(userID: "c", itemID: "z", rating: 13)
        #expect(throws: StoreError.self) { try store.append([unlucky], idempotencyKey: nil) }
        for (user, item) in [("b", "y"), ("c", "z"), ("a", "z")] { try append(user, item, to: store) }
        #expect(
            try pairs(store) == [["a", "x", "view"], ["b", "y", "view"], ["c", "z", "view"], ["a", "z", "view"]])
    }

    @Test("are looked up anew after another program has written")
    func anotherProgram() throws {
        let (one, other) = (try open(), try open())
        try append("a", "x", to: one)
        try append("b", "y", to: one)
        try other.eraseUser("a", at: 0)
        try append("c", "z", to: other)
        try append("a", "y", to: one)
        try append("c", "x", to: one)
        #expect(
            try pairs(other) == [["b", "y", "view"], ["c", "z", "view"], ["a", "y", "view"], ["c", "x", "view"]])
        #expect(try other.counts == StoreCounts(interactions: 4, users: 3, items: 3))
    }

    @Test("are out of date where another program has written before they were kept")
    func rightAfterTheCommit() throws {
        let (one, other, names) = (try open(), try open(), KnownNames())
        try append("a", "x", to: one)
        func taken(whenCommitted: @escaping (Database) -> Void) throws -> [ExactName: Int] {
            try one.write("taking", { database, _ in try names.take(in: database).users }, whenCommitted: whenCommitted)
        }
        let known = KnownNames.Keys(users: ["a": 1])
        #expect(try taken { names.keep(known, in: $0) } == [:])
        #expect(try taken { names.keep(known, in: $0) } == known.users)
        let late = { (database: Database) in
            #expect(throws: Never.self) { try other.eraseUser("a", at: 0) }
            names.keep(known, in: database)
        }
        #expect(try taken(whenCommitted: late) == known.users)
        #expect(try taken { _ in } == [:])
        // What was taken is not there a second time.
        #expect(try taken { names.keep(known, in: $0) } == [:])
        #expect(try taken { _ in } == known.users)
        #expect(try taken { _ in } == [:])
    }
}
