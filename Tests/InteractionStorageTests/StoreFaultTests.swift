import Foundation
import GRDB
import TestSupport
import Testing

@testable import InteractionStorage

@Suite("SQLite store: a disk that fails")
struct StoreFaultTests {
    /// What the callers of a store were told, and so what must be true of it.
    private struct Told: Equatable {
        var present: Set<String> = []
        var refused: Set<String> = []
        /// Refused, and the store has said that it does not know.
        var unclear: Set<String> = []
        var erased: Set<String> = []
        var errors: [StoreError] = []
    }

    /// A fault, and whether it goes away by itself.
    struct Case: Sendable, CustomTestStringConvertible {
        var fault: FaultyFiles.Fault
        var lasting: Bool
        var testDescription: String { "\(fault), \(lasting ? "lasting" : "once")" }
    }

    static let cases = FaultyFiles.Fault.allCases.flatMap { fault in
        [true, false].map { Case(fault: fault, lasting: $0) }
    }

    private let directory: InteractionStorageTests.TemporaryDirectory
    private let disk: FaultyFiles

    init() throws {
        directory = try InteractionStorageTests.TemporaryDirectory.inMemory()
        disk = FaultyFiles(below: directory.file("disk"))
    }

    /// Names of interactions of one user, `user/0` and so on.
    private static func names(_ user: String, _ range: Range<Int>) -> [String] { range.map { "\(user)/\($0)" } }

    private func append(_ user: String, _ range: Range<Int>, to store: SQLiteInteractionStore, _ told: inout Told) {
        let names = Self.names(user, range)
        do throws(StoreError) {
            _ = try store.append(
                names.map { Interaction(userID: user, itemID: "item of \($0)", interactionID: $0) },
                idempotencyKey: "\(user) \(range)")
            told.present.formUnion(names)
            told.refused.subtract(names)
            told.unclear.subtract(names)
        } catch {
            if "\(error)".contains("does not tell") {
                told.unclear.formUnion(names)
            } else {
                told.refused.formUnion(names)
            }
            told.errors.append(error)
        }
    }

    private func erase(_ user: String, _ range: Range<Int>, from store: SQLiteInteractionStore, _ told: inout Told) {
        do throws(StoreError) {
            try store.eraseUser(user, at: 0)
            told.present.subtract(Self.names(user, range))
            told.unclear.subtract(Self.names(user, range))
            told.erased.formUnion(Self.names(user, range))
        } catch {
            if "\(error)".contains("does not tell") {
                told.present.subtract(Self.names(user, range))
                told.unclear.formUnion(Self.names(user, range))
            }
            told.errors.append(error)
        }
    }

    /// Some of everything that writes; twice the same does no harm.
    private func work(on store: SQLiteInteractionStore, _ told: inout Told) {
        append("ada", 0..<3, to: store, &told)
        append("bob", 0..<60, to: store, &told)
        erase("ada", 0..<3, from: store, &told)
        append("bob", 60..<62, to: store, &told)
        _ = try? store.flush()
        append("cyd", 0..<1, to: store, &told)
    }

    private func held(_ path: String) throws -> Set<String> {
        let store = try SQLiteInteractionStore(path: path)
        let found = try store.everything().compactMap(\.interaction.interactionID)
        #expect(Set(found).count == found.count)
        let counts = try store.counts
        #expect(counts.interactions == found.count)
        try store.close()
        let database = try DatabaseQueue(path: path)
        #expect(try database.inDatabase { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
        try database.close()
        return Set(found)
    }

    private func expect(_ held: Set<String>, as told: Told, _ place: String) {
        #expect(told.present.subtracting(held).isEmpty, "acknowledged and lost, \(place)")
        #expect(told.refused.intersection(held).isEmpty, "refused and there, \(place)")
        #expect(told.erased.intersection(held).isEmpty, "erased and there, \(place)")
    }

    /// The files as a process leaves them that is killed now.
    private func killedCopy(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: directory.file(name), withIntermediateDirectories: true)
        let path = directory.file("\(name)/store.sqlite")
        for suffix in ["", "-wal"]
        where FileManager.default.fileExists(atPath: directory.file("disk/store.sqlite\(suffix)")) {
            try FileManager.default.copyItem(
                atPath: directory.file("disk/store.sqlite\(suffix)"), toPath: path + suffix)
        }
        return path
    }

    private func makeStore() throws -> SQLiteInteractionStore {
        try? FileManager.default.removeItem(atPath: directory.file("disk"))
        try FileManager.default.createDirectory(atPath: directory.file("disk"), withIntermediateDirectories: true)
        return try SQLiteInteractionStore(path: directory.file("disk/store.sqlite"))
    }

    @Test(
        "whichever operation fails, what was acknowledged is there, what was refused is not, and it goes on",
        arguments: cases)
    func everyOperation(tried: Case) throws {
        var store = try makeStore()
        disk.letThrough(counting: tried.fault)
        var all = Told()
        work(on: store, &all)
        #expect(all.errors.isEmpty)
        let operations = disk.count
        #expect(operations > 5)
        try store.close()
        for operation in 1...operations {
            store = try makeStore()
            var told = Told()
            disk.fail(tried.fault, at: operation, lasting: tried.lasting)
            work(on: store, &told)
            // A disk that fails one operation, or only syncs, leaves nothing unclear.
            #expect(told.unclear.isEmpty || tried.fault == .input && tried.lasting)
            let place = "operation \(operation) of \(operations), \(told.errors)"
            expect(try held(killedCopy("killed")), as: told, "killed then: \(place)")
            try FileManager.default.removeItem(atPath: directory.file("killed"))
            // The disk is well again, and nobody opens anything anew.
            disk.letThrough()
            told.errors = []
            work(on: store, &told)
            #expect(told.errors.isEmpty, "\(place)")
            try store.close()
            expect(try held(directory.file("disk/store.sqlite")), as: told, "gone on: \(place)")
            #expect(told.refused.isEmpty && told.unclear.isEmpty && told.present == all.present)
        }
    }
}
