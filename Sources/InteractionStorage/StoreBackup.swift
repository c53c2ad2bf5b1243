import Foundation
import GRDB
import Glibc

/// A copy of a store in one file, and what it must hold: what stands in the file beside it, whose name goes on with `.json`.
public struct StoreBackup: Sendable, Equatable, Codable {
    /// When it was made, in milliseconds since 1970.
    public var createdAt: Int64
    /// Octets of the file.
    public var bytes: Int64
    /// BLAKE2b-256 of the file, in hexadecimal digits.
    public var checksum: String
    /// The schema that the file has.
    public var schema: Int
    /// By what the store is told from others; nil for a backup from before stores were.
    public var store: String?
    /// The highest row ever given out.
    public var watermark: Int64
    /// Interactions in it.
    public var interactions: Int
    /// Users that interactions name.
    public var users: Int
    /// Items that interactions name.
    public var items: Int
    /// Users with a record.
    public var userRecords: Int
    /// Items of the catalogue.
    public var catalogueItems: Int

    /// What is known of the backup at `path`.
    ///
    /// - Throws: ``StoreError/unusableBackup(_:)`` where it or the file beside it is missing, or that is no such description.
    public init(describing path: String) throws(StoreError) {
        for file in [path, Self.descriptionPath(of: path)] where unsafe access(file, F_OK) != 0 && errno == ENOENT {
            let role = file == path ? "" : ", which describes it,"
            throw .unusableBackup("\(file)\(role) is missing")
        }
        do {
            let description = try Data(contentsOf: URL(filePath: Self.descriptionPath(of: path)))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            self = try decoder.decode(StoreBackup.self, from: description)
        } catch {
            throw .unusableBackup("\(Self.descriptionPath(of: path)) does not describe a backup, or cannot be read")
        }
    }

    init(createdAt: Int64, digest: FileDigest, contents: Contents) {
        let totals = contents.totals
        self.createdAt = createdAt
        bytes = digest.byteCount
        checksum = digest.checksum
        schema = contents.schema
        store = contents.store
        watermark = totals.lastRow
        interactions = totals.counts.interactions
        users = totals.counts.users
        items = totals.counts.items
        userRecords = totals.counts.userRecords
        catalogueItems = totals.counts.catalogueItems
    }

    static func descriptionPath(of path: String) -> String { "\(path).json" }

    /// Reads the whole file and compares it with what it must hold; O(size), twice.
    ///
    /// - Throws: ``StoreError/unusableBackup(_:)`` with what is wrong.
    public func verify(_ path: String) throws(StoreError) {
        do {
            try check(path)
        } catch {
            let error = StoreError(error, during: "verifying \(path)")
            if case .corrupt(let reason) = error { throw .unusableBackup(reason) }
            throw error
        }
    }

    private func check(_ path: String) throws {
        let digest = try FileDigest(path: path)
        guard digest == FileDigest(byteCount: bytes, checksum: checksum) else {
            let difference =
                digest.byteCount == bytes
                ? "some of its bytes are others" : "it has \(digest.byteCount) bytes, not \(bytes)"
            throw StoreError.corrupt("\(path) is not what was backed up: \(difference)")
        }
        let expected = StoreBackup(createdAt: createdAt, digest: digest, contents: try Self.contents(of: path))
        guard expected == self else { throw StoreError.corrupt("\(path) holds something else than it must") }
    }

    /// Throws where something has the name already: nothing is ever written over.
    static func checkName(_ path: String) throws(StoreError) {
        guard unsafe access(path, F_OK) == 0 else { return }
        throw .failed(operation: "backing up", reason: "\(path) exists already")
    }

    /// What a file holds, as far as its description says.
    struct Contents {
        var totals: StoreTotals
        var schema: Int
        var store: String?
    }

    /// Checks every page, index and count of a file that nobody writes to, and says what it holds.
    static func contents(of path: String) throws -> Contents {
        var configuration = Configuration()
        configuration.readonly = true
        let database = try DatabaseQueue(path: path, configuration: configuration)
        let contents = try database.inDatabase { database in
            let findings = try String.fetchAll(database, sql: "PRAGMA integrity_check(3)")
            guard findings == ["ok"] else { throw StoreError.corrupt("\(path): \(findings.joined(separator: "; "))") }
            let totals = try StoreTotals(reading: database)
            for (table, expected) in [
                ("interactions", totals.counts.interactions), ("user_names", totals.counts.users),
                ("item_names", totals.counts.items), ("user_records", totals.counts.userRecords),
                ("catalogue", totals.counts.catalogueItems),
            ] {
                let found = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
                guard found == expected else {
                    throw StoreError.corrupt("\(path): \(table) has \(found) rows where \(expected) were counted")
                }
            }
            return Contents(
                totals: totals, schema: try StoreSchema.version(of: database), store: try StoreIdentity.read(database))
        }
        try database.close()
        return contents
    }
}

extension SQLiteInteractionStore {
    /// Copies the store, as of one moment, into a new file at `path`; see ``InteractionStore/backUp(to:at:)``.
    public func backUp(to path: String, at milliseconds: Int64) throws(StoreError) -> StoreBackup {
        try withPool("backing up") { pool in
            try StoreBackup.checkName(path)
            let size = try pool.read { database in
                try Int64.fetchOne(
                    database, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            }
            // Before the disk is full, which others may need.
            if let size, let free = freeBytes(beside: path), free < size {
                throw StoreError.noSpace("\(path): a copy has \(size) bytes, and \(free) are free")
            }
            let file = try UnfinishedFile(for: path)
            defer { file.remove() }
            let temporary = file.path
            let copy = try DatabaseQueue(path: temporary, configuration: PageGaps.configuration)
            try pool.backup(to: copy)
            // The copy of a file with a write-ahead log wants one of its own: this makes it whole in itself.
            try copy.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try copy.close()
            let contents = try StoreBackup.contents(of: temporary)
            let backup = StoreBackup(
                createdAt: milliseconds, digest: try FileDigest(path: temporary), contents: contents)
            try backup.put(temporary, at: path)
            return backup
        }
    }
}

extension StoreBackup {
    /// Gives a verified copy its name, after its description has one, so that no backup is ever without.
    func put(_ temporary: String, at path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let description = Self.descriptionPath(of: path)
        let file = try UnfinishedFile(for: description)
        defer { file.remove() }
        try file.write(Array(try encoder.encode(self)))
        guard unsafe rename(file.path, description) == 0 else { throw StoreError(description, failed: "rename") }
        try StoreFile.sync(temporary)
        guard unsafe rename(temporary, path) == 0 else { throw StoreError(path, failed: "rename") }
        try StoreFile.syncDirectory(of: path)
    }
}
