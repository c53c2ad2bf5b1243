import Foundation
import GRDB
import TestSupport
import Testing

@testable import InteractionStorage

@Suite("What SQLite leaves between the rows of a page")
struct PageGapsTests {
    /// A page of 512 bytes: a type, the number of rows, where the first row begins, and where each does.
    private func page(_ type: UInt8, count: Int, first: Int, rows: [Int], header: Int = 0) -> [UInt8] {
        var page = [UInt8](repeating: 7, count: 512)
        func put(_ number: Int, at place: Int) {
            page[place] = UInt8(truncatingIfNeeded: number >> 8)
            page[place + 1] = UInt8(truncatingIfNeeded: number)
        }
        page[header] = type
        put(count, at: header + 3)
        put(first, at: header + 5)
        for (place, row) in rows.enumerated() { put(row, at: header + (type < 8 ? 12 : 8) + 2 * place) }
        return page
    }

    private func gap(_ page: [UInt8], isFirst: Bool = false) -> Range<Int>? {
        unsafe page.withUnsafeBytes { unsafe PageGaps.gap(in: $0, isFirst: isFirst) }
    }

    @Test("is from the last pointer to the first row, in pages of B-trees alone")
    func places() {
        #expect(gap(page(13, count: 2, first: 400, rows: [450, 400])) == 12..<400)
        #expect(gap(page(10, count: 1, first: 500, rows: [500])) == 10..<500)
        #expect(gap(page(5, count: 1, first: 500, rows: [500])) == 14..<500)
        #expect(gap(page(2, count: 0, first: 512, rows: [])) == 12..<512)
        #expect(gap(page(13, count: 1, first: 400, rows: [400], header: 100), isFirst: true) == 110..<400)
        // Overflow pages and those of the list of free ones begin with a 0, and pointer maps with other numbers.
        for type: UInt8 in [0, 1, 3, 4, 6, 9, 14, 255] {
            #expect(gap(page(type, count: 1, first: 500, rows: [500])) == nil, "\(type)")
        }
        // What only looks like one: rows before the first, behind the end, or pointers among rows.
        #expect(gap(page(13, count: 2, first: 400, rows: [450, 399])) == nil)
        #expect(gap(page(13, count: 1, first: 400, rows: [512])) == nil)
        #expect(gap(page(13, count: 1, first: 513, rows: [])) == nil)
        #expect(gap(page(13, count: 250, first: 400, rows: [])) == nil)
        #expect(gap(page(13, count: 0, first: 0, rows: [])) == nil)
        #expect(gap([13]) == nil && gap([]) == nil)
    }

    /// How many pages of B-trees have something there.
    private func remains(in path: String) throws -> Int {
        let content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        return stride(from: 0, to: content.count, by: 4096).count { start in
            let page = Array(content[start..<start + 4096])
            return gap(page, isFirst: start == 0)?.contains { page[$0] != 0 } ?? false
        }
    }

    /// Names in random order, some of which are removed again, in transactions of several sizes.
    private struct People {
        private var random: SeededGenerator
        private(set) var living: [String] = []
        private(set) var gone: [String] = []

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

        mutating func come() -> [String] {
            let names = (0..<[1, 5, 30][below(3)]).map { _ in
                "person \(random.next()) \(String(repeating: "x", count: [0, 20, 120][below(3)]))"
            }
            living += names
            return names
        }

        mutating func leave() -> [String] {
            (0..<below(3)).map { _ in
                living.swapAt(below(living.count), living.count - 1)
                gone.append(living.removeLast())
                return gone[gone.count - 1]
            }
        }
    }

    @Test("nothing that a store has written, whoever came and was erased")
    func store() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("store.sqlite")
        let store = try SQLiteInteractionStore(path: path)
        var people = People(seed: 5)
        for step in 0..<150 {
            let interactions = people.come().map { Interaction(userID: $0, itemID: "item \($0.hashValue % 50)") }
            _ = try store.append(interactions, idempotencyKey: nil)
            for name in people.leave() { #expect(try store.eraseUser(name, at: 1).existed) }
            if step % 50 == 49 { _ = try store.backUp(to: directory.file("backup \(step).sqlite"), at: 0) }
        }
        try store.close()
        for file in ["store.sqlite", "backup 49.sqlite", "backup 149.sqlite"] {
            let remains = try remains(in: directory.file(file))
            #expect(remains == 0, "\(file)")
        }
        #expect(try SQLiteInteractionStore(path: path).counts.users == people.living.count)
        let content = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(people.gone.count > 100 && people.gone.allSatisfy { content.range(of: Data($0.utf8)) == nil })
    }

    @Test("what an earlier program left goes with the upgrade")
    func upgrade() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("store.sqlite")
        var people = People(seed: 6)
        let database = try DatabaseQueue(path: path)
        let former = StoreSchema(steps: Array(StoreSchema.current.steps.prefix(7)))
        try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL")
            try former.migrate(database)
            for _ in 0..<300 {
                try database.inTransaction {
                    for name in people.come() {
                        try database.execute(sql: "INSERT INTO user_names (name) VALUES (?)", arguments: [name])
                        try database.execute(
                            sql: "INSERT INTO user_records (name, details) VALUES (?, x'7B7D')", arguments: [name])
                    }
                    for name in people.leave() {
                        try database.execute(sql: "DELETE FROM user_names WHERE name = ?", arguments: [name])
                        try database.execute(sql: "DELETE FROM user_records WHERE name = ?", arguments: [name])
                    }
                    return .commit
                }
            }
            try database.execute(
                sql: """
                    INSERT INTO quarantine VALUES (7, 'u', 3, 'csv', x'FF', 0, 'bad', 'someone', 5, 40);
                    UPDATE quarantine_totals SET last = 7, rows = 1, bytes = 40
                    """)
        }
        try database.close()
        try interactions(of: people.living.count, in: path)
        // So this is what SQLite leaves by itself.
        #expect(try remains(in: path) > 20)
        try #require(try occurrences(of: people.living, in: path).contains { $0 > 4 })
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.counts.users == people.living.count)
        #expect(try store.counts.userRecords == people.living.count)
        // Refused rows as they were, also by their index.
        let refused = try store.read("quarantine") { database in
            try String.fetchOne(
                database,
                sql: """
                    SELECT id || upload || line || format || hex(text) || is_cut || detail || user || time || size
                    FROM quarantine INDEXED BY quarantine_by_user WHERE user = 'someone'
                    """)
        }
        #expect(refused == "7u3csvFF0badsomeone540")
        #expect(try store.flush())
        try store.close()
        // In a table and its index each, of names and of records.
        #expect(try occurrences(of: people.living, in: path).allSatisfy { $0 == 4 })
        #expect(try occurrences(of: people.gone, in: path).allSatisfy { $0 == 0 })
        #expect(try remains(in: path) == 0)
    }

    /// An interaction of each, without remains: names that none is left of go by another step.
    private func interactions(of count: Int, in path: String) throws {
        let database = try DatabaseQueue(path: path, configuration: PageGaps.configuration)
        try database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO item_names VALUES (1, 'item');
                    INSERT INTO interactions (user, item) SELECT key, 1 FROM user_names;
                    """)
            try database.execute(
                sql: """
                    UPDATE totals SET interactions = ?1, last_row = ?1, users = ?1, user_records = ?1, last_user = 100000,
                        items = 1, last_item = 1
                    """, arguments: [count])
        }
        try database.close()
    }

    private func occurrences(of names: [String], in path: String) throws -> [Int] {
        let content = try Data(contentsOf: URL(fileURLWithPath: path))
        var found: [String: Int] = [:]
        let start = Data("person ".utf8)
        var place = content.startIndex
        while let match = content.range(of: start, in: place..<content.endIndex) {
            let digits = content[match.upperBound...].prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            found[String(decoding: digits, as: UTF8.self), default: 0] += 1
            place = match.upperBound
        }
        return names.map { found[String($0.dropFirst(7).prefix { $0.isNumber })] ?? 0 }
    }
}
