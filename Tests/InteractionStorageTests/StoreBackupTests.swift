import Foundation
import GRDB
import Glibc
import Testing

@testable import InteractionStorage

@Suite("Restoring backups")
struct StoreBackupTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    var path: String { directory.file("store.sqlite") }
    var copy: String { directory.file("backup.sqlite") }

    func interactions(_ range: Range<Int>) -> [Interaction] {
        range.map { Interaction(userID: "u\($0 % 70)", itemID: "i\($0 % 9)", timestamp: Int64($0)) }
    }

    func restoration(lowestRow: Int64 = 0) -> StoreRestoration {
        StoreRestoration(backup: copy, path: path, lowestRow: lowestRow, now: 9_000)
    }

    /// A closed store with a backup of it, and one thing done to the store since.
    func prepare(_ afterwards: (SQLiteInteractionStore) throws -> Void = { _ in }) throws {
        let store = try SQLiteInteractionStore(path: path)
        _ = try store.append(interactions(0..<2000), idempotencyKey: "k")
        try store.putItems([Item(id: "i1", title: "t")])
        try store.putUsers([User(id: "u1"), User(id: "only record")])
        _ = try store.backUp(to: copy, at: 5_000)
        try afterwards(store)
        try store.close()
    }

    @Test("a damaged, cut or undescribed backup is refused, and the store stays as it was")
    func damaged() throws {
        try prepare()
        let sound = try directory.bytes("backup.sqlite")
        let before = try directory.bytes("store.sqlite")
        func expectRefusal() throws {
            #expect(throws: StoreError.self) { try restoration().restore() }
            #expect(try directory.bytes("store.sqlite") == before)
            #expect(
                try !FileManager.default.contentsOfDirectory(atPath: directory.path).contains {
                    $0.contains("restoring")
                })
        }
        for place in stride(from: 0, to: sound.count, by: max(1, sound.count / 17)) {
            var damaged = sound
            damaged[damaged.startIndex + place] ^= 1
            try directory.write(damaged, to: "backup.sqlite")
            try expectRefusal()
        }
        try directory.write(sound.dropLast(4096), to: "backup.sqlite")
        try expectRefusal()
        try directory.write(sound, to: "backup.sqlite")
        try FileManager.default.removeItem(atPath: copy + ".json")
        try expectRefusal()
    }

    @Test("a backup of something else that is consistent in itself is refused")
    func exchanged() throws {
        try prepare()
        let description = try directory.bytes("backup.sqlite.json")
        let other = try SQLiteInteractionStore(path: directory.file("other.sqlite"))
        _ = try other.append(interactions(0..<10), idempotencyKey: nil)
        try FileManager.default.removeItem(atPath: copy)
        _ = try other.backUp(to: copy, at: 5_000)
        try directory.write(description, to: "backup.sqlite.json")
        #expect(throws: StoreError.self) { try restoration().restore() }
    }

    @Test("a restored store holds what the backup held, and the one that was there is kept")
    func restored() throws {
        try prepare { store in
            _ = try store.append(interactions(2000..<2500), idempotencyKey: "later")
            try store.putItems([Item(id: "i1", title: "changed"), Item(id: "new")])
        }
        let outcome = try restoration(lowestRow: 2600).restore()
        #expect(outcome.counts.interactions == 2000 && outcome.erased == 0)
        #expect(outcome.replaced == "\(path).replaced-9000")
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.everything().count == 2000 && store.item("i1")?.title == "t" && store.item("new") == nil)
        // A model may have seen row 2600: the next one is after it.
        #expect(try store.append([.complete], idempotencyKey: nil).watermark == 2601)
        let kept = try SQLiteInteractionStore(path: directory.file("store.sqlite.replaced-9000"))
        #expect(try kept.counts.interactions == 2500)
    }

    @Test("where there is no store, a backup becomes one")
    func withoutStore() throws {
        try prepare()
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        #expect(try restoration().restore().replaced == nil)
        #expect(try SQLiteInteractionStore(path: path).counts.interactions == 2000)
    }

    @Test("stores and backups are for their owner alone, also what is restored from a backup that others may read")
    func modes() throws {
        try prepare()
        func modes() throws -> Set<String> {
            try Set(
                FileManager.default.contentsOfDirectory(atPath: directory.path).filter { name in
                    var status = stat()
                    return unsafe stat(directory.file(name), &status) != 0 || status.st_mode & 0o777 != 0o600
                })
        }
        #expect(try modes() == [])
        #expect(unsafe chmod(copy, 0o644) == 0)
        _ = try restoration().restore()
        let store = try SQLiteInteractionStore(path: path)
        _ = try store.append([.complete], idempotencyKey: nil)
        #expect(try modes() == ["backup.sqlite"])
        #expect(FileManager.default.fileExists(atPath: path + "-shm"))
    }

    @Test("where a copy would not fit nothing of it is written")
    func noRoom() throws {
        var configuration = SQLiteInteractionStore.Configuration()
        configuration.freeBytes = { _ in 40_000 }
        let store = try SQLiteInteractionStore(path: path, configuration: configuration)
        let error = try #require(throws: StoreError.self) { try store.backUp(to: copy, at: 0) }
        guard case .noSpace(let reason) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.contains("and 40000 are free"))
        #expect(!FileManager.default.fileExists(atPath: copy))
        configuration.freeBytes = { _ in 4_000_000 }
        let other = try SQLiteInteractionStore(path: path, configuration: configuration)
        _ = try other.backUp(to: copy, at: 0)
    }

    @Test("a restored store is taken for the one whose place it takes; in an empty place it is another")
    func identity() throws {
        try prepare()
        let original = try StoreBackup(describing: copy).store
        #expect(original?.count == 32)
        func restored(_ now: Int64) throws -> String? {
            _ = try StoreRestoration(backup: copy, path: path, lowestRow: 0, now: now).restore()
            let store = try SQLiteInteractionStore(path: path)
            defer { try? store.close() }
            return try store.identity
        }
        #expect(try restored(9_000) == original)
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let another = try restored(9_001)
        #expect(another != original && another?.count == 32)
        #expect(try restored(9_002) == another)
    }

    @Test("who was erased since the backup is not brought back, nor forgotten to have been erased")
    func erasedSince() throws {
        try prepare { store in
            try store.eraseUser("u3", at: 6_000)
            try store.eraseUser("only record", at: 6_001)
            try store.eraseUser("never seen", at: 6_002)
            try store.completeErasures(upTo: 3)
        }
        let outcome = try restoration().restore()
        #expect(outcome.erased == 2)
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.interactions(userID: "u3", itemID: nil, kind: nil, after: nil, limit: 9).isEmpty)
        #expect(try store.user("only record") == nil && store.user("u1") != nil)
        let stones = try store.tombstones(after: 0)
        #expect(stones.stone(of: "never seen")?.erasedAt == 6_002 && stones.stone(of: "u3")?.erasedAt == 6_000)
        // Models of the backup's time may know them, and no number is given twice.
        #expect(try store.pendingErasures().count == 3 && stones.last > 3)
        let late = try store.append([Interaction(userID: "u3", itemID: "i", timestamp: 5_999)], idempotencyKey: nil)
        #expect(late.erased == 1)
    }

    @Test("quarantined rows of who was erased since do not come back either, nor any that may be theirs")
    func quarantinedSince() throws {
        let bounds = QuarantineBounds(rows: 9, bytes: 999)
        let rows = [("u", 1), ("v", 2), (nil, 3)].map { user, line in
            QuarantinedRow(
                upload: "a", format: .csv, line: line, text: [], detail: "", userID: user, time: 0)
        }
        let store = try SQLiteInteractionStore(path: path)
        try store.quarantine(rows, begunAfter: nil, within: bounds)
        _ = try store.backUp(to: copy, at: 5_000)
        try store.eraseUser("u", at: 6_000)
        try store.close()
        #expect(try restoration().restore().erased == 1)
        let restored = try SQLiteInteractionStore(path: path)
        #expect(try restored.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9).map(\.line) == [2])
        #expect(try restored.quarantineCounts.rows == 1)
    }

    @Test("a backup of another store loses those who were erased here")
    func ofAnotherStore() throws {
        try prepare()
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let store = try SQLiteInteractionStore(path: path)
        try store.eraseUser("u3", at: 6_000)
        try store.close()
        #expect(try restoration().restore().erased == 1)
        let restored = try SQLiteInteractionStore(path: path)
        #expect(try restored.interactions(userID: "u3", itemID: nil, kind: nil, after: nil, limit: 9).isEmpty)
        #expect(try restored.tombstones(after: 0).contains("u3"))
    }

    @Test(
        "rows of another store stand after all that were given out here, for a model may have seen those",
        arguments: [(100, 0, 2000), (100, 2600, 2600), (2500, 0, 2500)])
    func rowsOfAnotherStore(count: Int, lowestRow: Int64, after: Int64) throws {
        try prepare()
        let before = try SQLiteInteractionStore(path: path).everything()
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let here = try SQLiteInteractionStore(path: path)
        _ = try here.append(interactions(0..<count), idempotencyKey: nil)
        try here.close()
        let outcome = try restoration(lowestRow: lowestRow).restore()
        #expect(outcome.movedAfter == after && outcome.counts.interactions == 2000)
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.everything().map(\.interaction) == before.map(\.interaction))
        let page = try store.interactions(userID: "u3", itemID: nil, kind: nil, after: nil, limit: 2000)
        #expect(page.count == before.count { $0.interaction.userID == "u3" } && page.allSatisfy { $0.rowID > after })
        let retried = try store.append(interactions(0..<2000), idempotencyKey: "k")
        #expect(retried.stored == 2000 && retried.watermark == after + 2000)
        #expect(try store.append([.complete], idempotencyKey: nil).watermark == after + 2001)
        try store.close()
        let database = try DatabaseQueue(path: path)
        #expect(try database.inDatabase { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
        try database.close()
        // Taken for the store that was there, whose backups' rows keep their numbers.
        _ = try SQLiteInteractionStore(path: path).backUp(to: directory.file("own.sqlite"), at: 9_500)
        let again = StoreRestoration(backup: directory.file("own.sqlite"), path: path, lowestRow: 0, now: 9_900)
        #expect(try again.restore().movedAfter == nil)
    }

    @Test("whom another store has erased stays out for good, also of those the backup had never heard of")
    func ghostOfAnotherStore() throws {
        try prepare { try $0.eraseUser("gone there", at: 5_500) }
        _ = try SQLiteInteractionStore(path: path).backUp(to: directory.file("second.sqlite"), at: 5_600)
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let here = try SQLiteInteractionStore(path: path)
        try here.eraseUser("ghost", at: 6_000)
        try here.close()
        func late(_ user: String, at time: Int64) -> Interaction {
            Interaction(userID: user, itemID: "i", timestamp: time)
        }
        // Twice, so that what was remembered of another store is remembered once more.
        for backup in [copy, directory.file("second.sqlite")] {
            let outcome = try StoreRestoration(backup: backup, path: path, lowestRow: 0, now: 9_000).restore()
            #expect(outcome.erased == 0)
            let store = try SQLiteInteractionStore(path: path)
            #expect(try store.tombstones(after: 0).stone(of: "ghost")?.erasedAt == 6_000)
            #expect(try store.append([late("ghost", at: 5_999)], idempotencyKey: nil).erased == 1)
            #expect(try store.append([late("ghost", at: 6_001)], idempotencyKey: nil).stored == 1)
            #expect(try store.putUsers([User(id: "ghost")], begunAfter: 0).erased == 1)
            try store.close()
            try FileManager.default.removeItem(atPath: "\(path).replaced-9000")
        }
        let store = try SQLiteInteractionStore(path: path)
        #expect(try store.append([late("gone there", at: 5_499)], idempotencyKey: nil).erased == 1)
        // Erased anew, by this store's own key, the later erasure counts.
        try store.eraseUser("ghost", at: 7_000)
        #expect(try store.append([late("ghost", at: 6_500)], idempotencyKey: nil).erased == 1)
        #expect(try store.tombstones(after: 0).stone(of: "ghost")?.erasedAt == 7_000)
    }

    @Test("a store that somebody has open is not replaced")
    func inUse() throws {
        try prepare()
        let other = try SQLiteInteractionStore(path: path)
        _ = try other.append([.complete], idempotencyKey: nil)
        #expect(throws: StoreError.self) { try restoration().restore() }
        #expect(try other.counts.interactions == 2001)
    }
}
