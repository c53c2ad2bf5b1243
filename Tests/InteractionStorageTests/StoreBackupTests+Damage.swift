import Foundation
import GRDB
import Testing

@testable import InteractionStorage

// Restoring over a store that cannot be opened.
extension StoreBackupTests {
    /// Puts noise over the pages in which the trees of those tables begin.
    private func damage(_ tables: [String]) throws {
        let database = try DatabaseQueue(path: path)
        let pages = try database.read { database in
            try tables.map { table in
                try Int.fetchOne(database, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [table])
            }
        }
        try database.close()
        var bytes = try directory.bytes("store.sqlite")
        for page in pages {
            let start = (try #require(page) - 1) * 4096
            for offset in start..<start + 4096 { bytes[offset] = UInt8(truncatingIfNeeded: offset &* 167 &+ 91) }
        }
        try directory.write(bytes, to: "store.sqlite")
    }

    /// Two who are in the backup and one who is not, erased after it.
    private func erase(_ store: SQLiteInteractionStore) throws {
        for (number, user) in ["u3", "only record", "never seen"].enumerated() {
            try store.eraseUser(user, at: 6_000 + Int64(number))
        }
        _ = try store.append([Interaction(userID: "u2", itemID: "i")], idempotencyKey: nil)
    }

    @Test("a damaged store is replaced, and who had been erased is read from it", arguments: [false, true])
    func overDamaged(withCounters: Bool) throws {
        try prepare(erase)
        try damage(["interactions", "user_records"] + (withCounters ? [] : ["totals"]))
        let damaged = try directory.bytes("store.sqlite")
        #expect(throws: StoreError.self) { try SQLiteInteractionStore(path: path) }
        let outcome = try restoration().restore()
        guard case .corrupt = outcome.damage else {
            Issue.record("\(String(describing: outcome.damage))")
            return
        }
        #expect(outcome.erased == 2 && outcome.knowsErasures && outcome.backedUpAt == 5_000)
        #expect(try directory.bytes("store.sqlite.replaced-9000") == damaged)
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.tombstones(after: 0).count == 3 && store.user("only record") == nil)
        #expect(try store.interactions(userID: "u3", itemID: nil, kind: nil, after: nil, limit: 9).isEmpty)
        // Row 2001 was given out; without the counter, as many are left out as the file has room for.
        let next = try store.append([.complete], idempotencyKey: nil).watermark
        #expect(withCounters ? next == 2002 : next > 2002)
    }

    @Test("where erasures cannot be read in full, those that can count, and it is said that there may be more")
    func overLostErasures() throws {
        try prepare { store in
            // More than a page of them.
            for number in 0..<400 { try store.eraseUser("x\(number)", at: 6_000) }
            try erase(store)
        }
        try damage(["sqlite_autoindex_erasures_1"])
        let outcome = try restoration().restore()
        #expect(outcome.erased == 2 && !outcome.knowsErasures && outcome.damage != nil)
        #expect(try SQLiteInteractionStore(path: path).tombstones(after: 0).count == 403)
    }

    @Test("a store that lost its key is read by the backup's, and one that lost all erasures is replaced all the same")
    func overLostKey() throws {
        try prepare(erase)
        try damage(["erasure_key"])
        let outcome = try restoration().restore()
        #expect(outcome.erased == 2 && !outcome.knowsErasures)
        try damage(["erasures", "sqlite_autoindex_erasures_1", "interactions"])
        let second = try StoreRestoration(backup: copy, path: path, lowestRow: 0, now: 9_001).restore()
        #expect(second.erased == 0 && !second.knowsErasures && second.counts.interactions == 2000)
    }

    @Test("of erasures whose table is lost the index tells the users, but for whoever had come back before the backup")
    func overLostTable() throws {
        let first = try SQLiteInteractionStore(path: path)
        try first.eraseUser("back", at: 4_000)
        _ = try first.append([Interaction(userID: "back", itemID: "i", timestamp: 4_500)], idempotencyKey: nil)
        try first.close()
        try prepare(erase)
        try damage(["erasures"])
        let outcome = try restoration().restore()
        #expect(outcome.erased == 2 && !outcome.knowsErasures)
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.interactions(userID: "back", itemID: nil, kind: nil, after: nil, limit: 9).count == 1)
        let stones = try store.tombstones(after: 0)
        #expect(stones.stone(of: "u3")?.erasedAt == 9_000 && stones.stone(of: "back")?.erasedAt == 4_000)
    }

    @Test(
        "what is no store at all, or cut, or newer, is replaced and kept",
        arguments: [nil, "", "text", "cut", "newer", "log"] as [String?])
    func overAnything(_ what: String?) throws {
        try prepare(erase)
        let whole = try directory.bytes("store.sqlite")
        var there: Data? = whole
        // The last pages are in it as well.
        if what != nil { try FileManager.default.removeItem(atPath: path + "-wal") }
        switch what {
        case nil:
            try FileManager.default.removeItem(atPath: path)
            there = nil
        case "cut": there = Data(whole.dropLast(5000))
        case "newer": there?[62] = 1
        case "log":
            there?[16] ^= 0x40
            try directory.write(Data("a log".utf8), to: "store.sqlite-wal")
        case let text?: there = Data(text.utf8)
        }
        if let there { try directory.write(there, to: "store.sqlite") }
        if what == nil { #expect(throws: StoreError.self) { try SQLiteInteractionStore(path: path) } }
        let outcome = try restoration().restore()
        // Of a cut file what is left can be read, and SQLite finds its erasures whole; of a newer one nobody knows what it means.
        #expect(outcome.knowsErasures == (what == "cut"))
        #expect(outcome.erased == (what == "cut" || what == "newer" ? 2 : 0))
        #expect((outcome.damage == nil) == (what == nil))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!names.contains("store.sqlite-wal"))
        if what == "log" { #expect(try directory.bytes("store.sqlite.replaced-9000-wal") == Data("a log".utf8)) }
        if let there { #expect(try directory.bytes("store.sqlite.replaced-9000") == there) }
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.counts == outcome.counts)
        try store.close()
    }
}
