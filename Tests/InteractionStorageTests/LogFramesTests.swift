import Foundation
import GRDB
import TestSupport
import Testing

@testable import InteractionStorage

@Suite("What a transaction adds to SQLite's log")
struct LogFramesTests {
    private let directory: InteractionStorageTests.TemporaryDirectory
    private var path: String { directory.file("disk/store.sqlite") }

    init() throws {
        directory = try InteractionStorageTests.TemporaryDirectory.inMemory()
        try FileManager.default.createDirectory(atPath: directory.file("disk"), withIntermediateDirectories: true)
    }

    @Test("is written in one call")
    func oneCall() throws {
        let disk = FaultyFiles(below: directory.file("disk"))
        let store = try SQLiteInteractionStore(path: path)
        let names = (0..<200).map { "user \($0) \(String(repeating: "u", count: 40))" }
        _ = try store.append(names.map { Interaction(userID: $0, itemID: "item") }, idempotencyKey: nil)
        // The first commit of a store finds its place by its first frame.
        _ = try store.append([Interaction(userID: names[0], itemID: "item")], idempotencyKey: nil)
        let before = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
        disk.letThrough(counting: .noSpace)
        _ = try store.append(names.map { Interaction(userID: $0, itemID: "another item") }, idempotencyKey: nil)
        #expect(disk.count == 1)
        let after = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
        #expect(try #require(after) - #require(before) > 5 * 4120)
    }

    /// A table of texts beside what is in it, changed by a connection that gathers frames.
    private struct Texts {
        var random: SeededGenerator
        var held: [Int64: String] = [:]

        mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

        mutating func change(_ database: Database) throws {
            for _ in 0..<[1, 3, 40][below(3)] {
                let row = Int64(below(300))
                if below(4) == 0 {
                    try database.execute(sql: "DELETE FROM texts WHERE id = ?", arguments: [row])
                    held[row] = nil
                } else {
                    let text = String(repeating: "\(random.next()) ", count: 1 + below(60))
                    try database.execute(sql: "INSERT OR REPLACE INTO texts VALUES (?, ?)", arguments: [row, text])
                    held[row] = text
                }
            }
        }

        /// In one transaction; some of it, or all, may be taken back.
        mutating func transaction(in database: Database) throws {
            let before = held
            try database.inTransaction(.immediate) {
                try change(database)
                if below(3) == 0 {
                    let between = held
                    try database.inSavepoint {
                        try change(database)
                        if below(2) == 0 { return .commit }
                        held = between
                        return .rollback
                    }
                }
                if below(3) == 0 { try change(database) }
                if below(3) > 0 { return .commit }
                held = before
                return .rollback
            }
        }
    }

    /// What whoever opens the files of now finds in them, after a crash.
    private func found(_ name: String) throws -> [Int64: String] {
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: directory.file(name) + suffix)
            try FileManager.default.copyItem(atPath: path + suffix, toPath: directory.file(name) + suffix)
        }
        let copy = try DatabaseQueue(path: directory.file(name))
        defer { try? copy.close() }
        return try copy.read { database in
            #expect(try String.fetchOne(database, sql: "PRAGMA integrity_check") == "ok")
            let rows = try Row.fetchAll(database, sql: "SELECT id, text FROM texts")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["id"], $0["text"]) })
        }
    }

    @Test(
        "is there after each commit and gone after a roll-back, whatever the cache holds and whoever else writes",
        arguments: ["FULL", "NORMAL"], [3, 40])
    func asWithoutIt(synchronous: String, cachedPages: Int) throws {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA journal_mode = WAL; PRAGMA synchronous = \(synchronous); PRAGMA cache_size = \(cachedPages);
                    PRAGMA wal_autocheckpoint = 200;
                    CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL)
                    """)
            LogFrames.gather(in: database)
        }
        let other = try DatabaseQueue(path: path)
        defer { try? other.close() }
        let seed = UInt64(cachedPages) + UInt64(synchronous.count)
        var texts = Texts(random: SeededGenerator(seed: seed))
        for step in 0..<150 {
            if step % 5 == 4 {
                try other.writeWithoutTransaction { try texts.transaction(in: $0) }
            } else {
                try queue.writeWithoutTransaction { try texts.transaction(in: $0) }
            }
            if step % 40 == 39 { _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
            #expect(try found("copy.sqlite") == texts.held, "step \(step), seed \(seed)")
        }
    }
}
