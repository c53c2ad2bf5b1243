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

    @Test("are looked up anew after rows were too old, and their names went with them")
    func retention() throws {
        let store = try open()
        let old = Interaction(userID: "a", itemID: "x", kind: "view", timestamp: 1)
        _ = try store.append([old], idempotencyKey: nil)
        try append("b", "y", to: store)
        #expect(try store.removeExpired(RetentionRule(before: 100), after: 0, limit: 9).removed.count == 1)
        try append("a", "x", to: store)
        #expect(try pairs(store) == [["b", "y", "view"], ["a", "x", "view"]])
    }

    @Test("are forgotten where they are too many")
    func limit() throws {
        let (store, names) = (try open(), KnownNames())
        func kept(_ count: Int) throws -> Int {
            let known = KnownNames.Keys(
                users: Dictionary(uniqueKeysWithValues: (0..<count).map { (ExactName("\($0)"), $0) }))
            try store.write(
                "keeping", { database, _ in _ = try names.take(in: database) },
                whenCommitted: { names.keep(known, in: $0) })
            return try store.write("taking") { database, _ in try names.take(in: database).users.count }
        }
        #expect(try kept(16_384) == 16_384)
        #expect(try kept(16_385) == 0)
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
