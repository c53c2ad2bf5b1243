import Foundation
import GRDB
import Glibc

/// Puts a backup in the place of a store, without bringing back who has been erased since.
///
/// Everything is prepared in a file beside the store and takes its place in one rename; the store that was there stays under
/// another name. Nobody may have either open.
public struct StoreRestoration: Sendable {
    /// What a restoration came to.
    public struct Outcome: Sendable, Equatable {
        /// How much is held now.
        public var counts: StoreCounts
        /// Users of the backup who were erased again, because they had been erased since it was made.
        public var erased: Int
        /// Where the store that was there is now; nil where there was none.
        public var replaced: String?
    }

    /// The file to restore.
    public var backup: String
    /// The store's own file.
    public var path: String
    /// Rows are given out from the one after this on, at least: models have seen those before, which the backup may lack.
    public var lowestRow: Int64
    /// When that is, in milliseconds since 1970.
    public var now: Int64

    /// Gathers the parts.
    public init(backup: String, path: String, lowestRow: Int64, now: Int64) {
        self.backup = backup
        self.path = path
        self.lowestRow = lowestRow
        self.now = now
    }

    /// Verifies the backup and restores it.
    ///
    /// - Throws: ``StoreError``; the store is then as it was.
    public func restore() throws(StoreError) -> Outcome {
        do {
            let prepared = "\(path).restoring"
            defer { Self.remove(prepared) }
            try copyBackup(to: prepared)
            let earlier = try earlierErasures()
            var outcome = try prepare(prepared, earlier)
            outcome.replaced = try replace(by: prepared)
            return outcome
        } catch {
            throw StoreError(error, during: "restoring \(backup)")
        }
    }

    /// Copies the backup, once it has been verified.
    func copyBackup(to prepared: String) throws {
        let description = try StoreBackup(describing: backup)
        try description.verify(backup)
        unsafe unlink(prepared)
        try FileManager.default.copyItem(atPath: backup, toPath: prepared)
    }

    /// Removes a SQLite file and what goes with it.
    static func remove(_ path: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { unsafe unlink(path + suffix) }
    }

    /// Who was erased from the store that is there, and its last row.
    private func earlierErasures() throws -> (tombstones: Tombstones, watermark: Int64)? {
        guard unsafe access(path, F_OK) == 0 else { return nil }
        let store = try SQLiteInteractionStore(path: path)
        defer { try? store.close() }
        return (try store.tombstones(after: 0), try store.watermark)
    }

    /// Makes the copy at `path` what the store is to be.
    func prepare(
        _ path: String, _ earlier: (tombstones: Tombstones, watermark: Int64)?
    ) throws -> Outcome {
        let store = try SQLiteInteractionStore(path: path)
        try store.continueRows(after: max(lowestRow, earlier?.watermark ?? 0))
        let erased = try earlier.map { try store.takeOver($0.tombstones, at: now) } ?? 0
        let counts = try store.counts
        try store.close()
        return Outcome(counts: counts, erased: erased, replaced: nil)
    }

    /// Makes a closed store one file: a write-ahead log would be taken for that of whatever file has the name next.
    ///
    /// - Throws: ``StoreError/unavailable(_:)`` where somebody has the store open.
    static func endLog(of path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(1)
        let database = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? database.close() }
        do {
            try database.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
        } catch {
            throw StoreError.unavailable("another program has \(path) open")
        }
        let log = "\(path)-wal"
        guard unsafe access(log, F_OK) != 0 else { throw StoreError.unavailable("\(log) is still there") }
    }

    /// The store that is there gets another name as well, and then loses its own to the new one.
    private func replace(by prepared: String) throws -> String? {
        try Self.endLog(of: prepared)
        var replaced: String?
        if unsafe access(path, F_OK) == 0 {
            try Self.endLog(of: path)
            let name = "\(path).replaced-\(now)"
            guard unsafe link(path, name) == 0 else { throw StoreError(name, failed: "link") }
            replaced = name
        }
        try StoreFile.sync(prepared)
        guard unsafe rename(prepared, path) == 0 else { throw StoreError(path, failed: "rename") }
        try StoreFile.syncDirectory(of: path)
        return replaced
    }
}

extension SQLiteInteractionStore {
    /// Gives out no row up to `row` any more.
    func continueRows(after row: Int64) throws(StoreError) {
        try write("continuing the rows") { _, totals in totals.lastRow = max(totals.lastRow, row) }
    }

    /// Erases whoever was erased from another state of this store, and remembers all of its erasures; returns how many users
    /// that were.
    func takeOver(_ earlier: Tombstones, at milliseconds: Int64) throws(StoreError) -> Int {
        let known = try tombstones(after: 0)
        var gone: [String] = []
        try scan(
            after: 0,
            begin: { snapshot in
                for key in 0..<snapshot.userIDs.keyLimit {
                    if let name = snapshot.userIDs[key], isNews(earlier.stone(of: name), known.stone(of: name)) {
                        gone.append(name)
                    }
                }
            }, row: { _ in false })
        var page = try users(after: nil, limit: Self.pageSize)
        while let end = page.last {
            gone += page.map(\.id).filter { isNews(earlier.stone(of: $0), known.stone(of: $0)) }
            page = try users(after: end.id, limit: Self.pageSize)
        }
        gone += try quarantinedUsers().filter { isNews(earlier.stone(of: $0), known.stone(of: $0)) }
        // Of a row whose user could not be read only the erasure itself could have told that it names somebody.
        if earlier.areNews(to: known) { try forgetUnreadableRows() }
        let names = Set(gone.map(ExactName.init))
        for name in names { try eraseUser(name.text, at: earlier.stone(of: name.text)?.erasedAt ?? milliseconds) }
        try write("taking over erasures") { database, _ in try Self.keep(earlier, database) }
        return names.count
    }

    private static var pageSize: Int { 10_000 }

    private func isNews(_ earlier: Tombstones.Stone?, _ known: Tombstones.Stone?) -> Bool {
        guard let earlier else { return false }
        return known.map { $0.erasedAt < earlier.erasedAt } ?? true
    }
}
