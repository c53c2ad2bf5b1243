import Foundation
import GRDB
import Glibc

/// What a restoration takes over from the store in whose place it comes: who was erased, which rows were given out, and for which store it is
/// taken.
///
/// A store that cannot be opened, because it is damaged or of a newer version, is read through a connection that cannot write, as far as it
/// can be read.
struct FormerStore {
    /// Who was erased from it, as far as that is known.
    var tombstones: Tombstones?
    /// By what it is told from others, if that is known.
    var identity: String?
    /// The highest row that it is known to have given out.
    var watermark: Int64 = 0
    /// How many more rows it may have given out, at most, if none was removed: where its counters cannot be read.
    var unknownRows: Int64 = 0
    /// Why it cannot be opened; nil where it can, or is not there.
    var damage: StoreError?
    /// Whether ``tombstones`` are certainly all there were.
    var areTombstonesWhole: Bool

    /// Where there was no store, or none that has anything to tell.
    static let none = FormerStore(areTombstonesWhole: false)

    /// No interaction takes less in a file, by far.
    private static let leastBytesPerRow: Int64 = 16
    /// No store gets there; a counter beyond is damage.
    private static let plausibleRows: Int64 = 1 << 52

    /// Reads the store at `path`.
    ///
    /// - Parameters:
    ///   - backup: The tombstones of the backup, by whose keys those of a damaged store are tried should its own be unreadable.
    ///   - now: When an erasure is taken to have been of which only that is left that it was, in milliseconds since 1970.
    /// - Throws: ``StoreError`` where the disk, or somebody else, is in the way.
    init(at path: String, before backup: @autoclosure () throws -> Tombstones, now: Int64) throws {
        self = .none
        guard unsafe access(path, F_OK) == 0 else { return }
        do throws(StoreError) {
            let store = try SQLiteInteractionStore(path: path)
            defer { try? store.close() }
            self = try FormerStore(reading: store, identity: try store.identity)
        } catch {
            switch error {
            case .corrupt, .newerSchema: damage = error
            default: throw error
            }
            try salvage(path, backup, now)
        }
    }

    /// What a store knows that is open.
    init(reading store: any InteractionStore, identity: String?) throws(StoreError) {
        self.init(areTombstonesWhole: true)
        self.identity = identity
        tombstones = try store.tombstones(after: 0)
        watermark = try store.watermark
    }

    private init(areTombstonesWhole: Bool) { self.areTombstonesWhole = areTombstonesWhole }

    /// Every part is read by itself: what is damaged takes nothing else with it.
    private mutating func salvage(_ path: String, _ backup: () throws -> Tombstones, _ now: Int64) throws {
        var status = stat()
        if unsafe stat(path, &status) == 0 { unknownRows = Int64(status.st_size) / Self.leastBytesPerRow }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        // Else SQLite reads nothing of a file that is shorter than it says.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA writable_schema = ON") }
        guard let database = try? DatabaseQueue(path: path, configuration: configuration) else { return }
        defer { try? database.close() }
        let backup = try backup()
        database.inDatabase { database in
            readRows(database)
            let name = (try? StoreIdentity.read(database)) ?? nil
            identity = name?.wholeMatch(of: /[0-9a-f]{32}/) == nil ? nil : name
            readTombstones(database, before: backup, now)
        }
    }

    private mutating func readRows(_ database: Database) {
        func row(_ sql: String) -> Int64? {
            let row = try? Int64.fetchOne(database, sql: sql)
            return row.flatMap { (0..<Self.plausibleRows).contains($0) ? $0 : nil }
        }
        if let last = row("SELECT last_row FROM totals") {
            (watermark, unknownRows) = (last, 0)
        } else {
            watermark = row("SELECT max(row) FROM interactions") ?? 0
        }
    }

    private mutating func readTombstones(_ database: Database, before backup: Tombstones, _ now: Int64) {
        let own = try? SQLiteInteractionStore.erasureKey(database)
        let others = try? Data.fetchAll(database, sql: "SELECT key FROM other_erasure_keys").map { Array($0) }
        // Under a key that is not its own they recognise nobody, and do no harm.
        var keys = (own.map { [$0] } ?? backup.keys) + (others ?? [])
        keys = keys.filter { $0.count == Tombstones.keyLength }
        guard !keys.isEmpty else { return }
        var stones = Tombstones(keys: keys, last: 0)
        for order in ["ASC", "DESC"] { Self.read(&stones, order, database) }
        Self.readIndex(&stones, before: backup, now, database)
        tombstones = stones
        areTombstonesWhole = own != nil && others != nil && Self.areSound(["erasures", "erasure_key"], database)
    }

    /// Reads from one end until a page cannot be read.
    private static func read(_ stones: inout Tombstones, _ order: String, _ database: Database) {
        let sql = "SELECT sequence, digest, erased_at FROM erasures ORDER BY sequence \(order)"
        guard let rows = try? Row.fetchCursor(database, sql: sql) else { return }
        while let row = try? rows.next() {
            guard let sequence = Int64.fromDatabaseValue(row[0]), let digest = Data.fromDatabaseValue(row[1]),
                let time = Int64.fromDatabaseValue(row[2]), (0..<plausibleRows).contains(sequence)
            else { continue }
            stones.insert(.init(sequence: sequence, erasedAt: time), digest: Array(digest))
            stones.last = max(stones.last, sequence)
        }
    }

    /// Where the table has lost a page its index may still tell who was erased, though not when. Of those whom the backup knows to have been
    /// erased, it may have been before that.
    private static func readIndex(
        _ stones: inout Tombstones, before backup: Tombstones, _ now: Int64, _ database: Database
    ) {
        let sql = "SELECT digest, sequence FROM erasures INDEXED BY sqlite_autoindex_erasures_1"
        guard let rows = try? Row.fetchCursor(database, sql: sql) else { return }
        while let row = try? rows.next() {
            guard let data = Data.fromDatabaseValue(row[0]), let sequence = Int64.fromDatabaseValue(row[1]),
                (0..<plausibleRows).contains(sequence)
            else { continue }
            let digest = Array(data)
            guard !stones.contains(digest: digest), !backup.contains(digest: digest) else { continue }
            stones.insert(.init(sequence: sequence, erasedAt: now), digest: digest)
            stones.last = max(stones.last, sequence)
        }
    }

    /// Whether SQLite finds nothing wrong with tables of a version that this program knows.
    private static func areSound(_ tables: [String], _ database: Database) -> Bool {
        guard let version = try? StoreSchema.version(of: database), version <= StoreSchema.current.version else {
            return false
        }
        return tables.allSatisfy { table in
            (try? String.fetchAll(database, sql: "PRAGMA integrity_check(\(table))")) == ["ok"]
        }
    }
}
