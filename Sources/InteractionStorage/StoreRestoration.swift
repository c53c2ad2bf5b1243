import Foundation
import GRDB
import Glibc

/// Puts a backup in the place of a store, without bringing back who has been erased since.
///
/// Everything is prepared in a file beside the store and takes its place in one rename; the store that was there stays under
/// another name. Nobody may have either open. A store that is damaged is replaced as well; who was erased is read from it as far as
/// it can be read (``FormerStore``).
public struct StoreRestoration: Sendable {
    /// What a restoration came to.
    public struct Outcome: Sendable, Equatable {
        /// How much is held now.
        public var counts: StoreCounts
        /// Users of the backup who were erased again, because they had been erased since it was made.
        public var erased: Int
        /// Where the store that was there is now; nil where there was none.
        public var replaced: String?
        /// Why the store that was there could not be opened; nil where it could, and where there was none.
        public var damage: StoreError?
        /// Whether it is known of everybody who was erased since the backup was made. If not, users of the backup may have been.
        public var knowsErasures = true
        /// When the backup was made, in milliseconds since 1970.
        public var backedUpAt: Int64
        /// After which row its own stand; nil where they have kept their numbers.
        public var movedAfter: Int64?
    }

    /// The file to restore.
    public var backup: String
    /// The store's own file. Where it is a link, what it leads to is replaced.
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
            var own = self
            own.path = try StoreFile.followingLinks(path)
            return try own.replaceStore()
        } catch {
            throw StoreError(error, during: "restoring \(backup)")
        }
    }

    private func replaceStore() throws -> Outcome {
        let prepared = "\(path).restoring"
        defer { Self.remove(prepared) }
        let description = try copyBackup(to: prepared)
        let former = try FormerStore(at: path, before: try Self.tombstones(of: prepared), now: now)
        var outcome = try prepare(prepared, description, former)
        outcome.replaced = try replace(by: prepared, damaged: former.damage != nil)
        return outcome
    }

    /// Copies the backup, once it has been verified; returns what it is.
    func copyBackup(to prepared: String) throws -> StoreBackup {
        let description = try StoreBackup(describing: backup)
        try description.verify(backup)
        unsafe unlink(prepared)
        try StoreFile.copy(backup, to: prepared)
        return description
    }

    /// Who was erased before the backup was made, of which this is a copy.
    private static func tombstones(of prepared: String) throws -> Tombstones {
        let store = try SQLiteInteractionStore(path: prepared)
        defer { try? store.close() }
        return try store.tombstones(after: 0)
    }

    /// Removes a SQLite file and what goes with it.
    static func remove(_ path: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { unsafe unlink(path + suffix) }
    }

    /// Makes the copy at `path` what the store is to be.
    func prepare(_ path: String, _ description: StoreBackup, _ former: FormerStore) throws -> Outcome {
        let store = try SQLiteInteractionStore(path: path)
        let movedAfter = try numberRows(of: store, named: description.store, former)
        try store.setIdentity(former.identity ?? StoreIdentity.make())
        let erased = try former.tombstones.map { try store.takeOver($0, at: now) } ?? 0
        let counts = try store.counts
        try store.close()
        return Outcome(
            counts: counts, erased: erased, damage: former.damage, knowsErasures: former.areTombstonesWhole,
            backedUpAt: description.createdAt, movedAfter: movedAfter)
    }

    /// Sees to it that no number stands for two rows, of which a model may have seen the first: rows to come go on after the last that was
    /// given out, and rows of another store than the one that was there, which has given out the same numbers, are moved there.
    ///
    /// - Returns: After which row they stand, if they were moved.
    private func numberRows(
        of store: SQLiteInteractionStore, named name: String?, _ former: FormerStore
    ) throws -> Int64? {
        let last = max(lowestRow, former.watermark)
        // A backup of before stores had names does not say; and an empty place has given out nothing.
        if let there = former.identity, let name, there != name, former.watermark + former.unknownRows > 0 {
            return try store.moveRows(after: last + former.unknownRows)
        }
        try store.continueRows(after: last, leavingOut: former.unknownRows)
        return nil
    }

    /// Makes a closed store one file: a write-ahead log would be taken for that of whatever file has the name next.
    ///
    /// - Throws: ``StoreError/unavailable(_:)`` where somebody has the store open.
    static func endLog(of path: String) throws {
        var configuration = PageGaps.configuration
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
    private func replace(by prepared: String, damaged: Bool) throws -> String? {
        try Self.endLog(of: prepared)
        let name = "\(path).replaced-\(now)"
        let isThere = unsafe access(path, F_OK) == 0
        if isThere {
            // What cannot be opened has nobody who ends its log.
            if !damaged { try Self.endLog(of: path) }
            guard unsafe link(path, name) == 0 else { throw StoreError(name, failed: "link") }
        }
        try moveLog(to: name)
        try StoreFile.sync(prepared)
        guard unsafe rename(prepared, path) == 0 else { throw StoreError(path, failed: "rename") }
        try StoreFile.syncDirectory(of: path)
        return isThere ? name : nil
    }

    /// A log goes with its file, and may not be there when the new one takes the name: it would be taken for that one's.
    private func moveLog(to name: String) throws {
        for suffix in ["-wal", "-shm"] {
            guard unsafe rename(path + suffix, name + suffix) == 0 || errno == ENOENT else {
                throw StoreError(name + suffix, failed: "rename")
            }
        }
        try StoreFile.syncDirectory(of: path)
    }
}

extension SQLiteInteractionStore {
    /// Gives out no row up to `row` any more, nor any of the `count` after that or after its own last.
    func continueRows(after row: Int64, leavingOut count: Int64) throws(StoreError) {
        try write("continuing the rows") { _, totals in totals.lastRow = max(totals.lastRow, row) + count }
    }

    /// Gives each row a number beyond `row`, in the same order, and returns after which one they stand. O(n log n).
    func moveRows(after row: Int64) throws(StoreError) -> Int64 {
        try write("moving the rows") { database, totals in
            // As far as none of the new numbers is one of the old.
            let distance = max(row, totals.lastRow)
            try database.execute(sql: "UPDATE interactions SET row = row + ?", arguments: [distance])
            try database.execute(sql: "UPDATE receipts SET watermark = watermark + ?", arguments: [distance])
            totals.lastRow += distance
            return distance
        }
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
