import Foundation
import InteractionStorage

/// The stores that the contract suite runs against.
enum StoreKind: CaseIterable, Sendable {
    case inMemory
    case sqlite
    #if PostgreSQL
        case postgresql
    #endif

    /// Those that outlive the process, and may be opened by several.
    static let durable = allCases.filter { $0 != .inMemory }

    /// Runs `body` with an empty store of this kind.
    func withStore(
        receiptsKept: Int = 100_000, _ body: (any InteractionStore) throws -> Void
    ) throws {
        if self == .inMemory { return try body(InMemoryInteractionStore(receiptsKept: receiptsKept)) }
        try withPlace(receiptsKept: receiptsKept) { open in
            let store = try open()
            try body(store)
            try store.close()
        }
    }

    /// Runs `body` with a way to open one and the same store, empty at first, as often as wanted.
    func withPlace(
        receiptsKept: Int = 100_000, _ body: (@Sendable () throws -> any InteractionStore) throws -> Void
    ) throws {
        switch self {
        case .inMemory: preconditionFailure("a store in memory is nowhere")
        case .sqlite:
            let directory = try TemporaryDirectory()
            var configuration = SQLiteInteractionStore.Configuration()
            configuration.receiptsKept = receiptsKept
            try body { [configuration] in
                try SQLiteInteractionStore(path: directory.file("store.sqlite"), configuration: configuration)
            }
        #if PostgreSQL
            case .postgresql:
                let database = try TestDatabase()
                var configuration = database.configuration
                configuration.receiptsKept = receiptsKept
                try body { [configuration] in
                    try PostgreSQLInteractionStore(at: database.address, configuration: configuration)
                }
        #endif
        }
    }
}

/// A directory that goes with its last reference.
final class TemporaryDirectory: Sendable {
    let path: String

    /// In memory, where the system has a place for that: for tests that sync more than a disk likes.
    static func inMemory() throws -> TemporaryDirectory {
        try TemporaryDirectory(
            in: FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory())
    }

    convenience init() throws { try self.init(in: NSTemporaryDirectory()) }

    private init(in folder: String) throws {
        path = folder + "nectar-storage-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// `Data(contentsOf:)` leaks its buffer when the file is empty, which the address sanitizer reports.
    func bytes(_ name: String) throws -> Data {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file(name)))
        defer { try? handle.close() }
        return try handle.readToEnd() ?? Data()
    }

    func write(_ bytes: Data, to name: String) throws { try bytes.write(to: URL(fileURLWithPath: file(name))) }
}

extension Interaction {
    /// One with every member set.
    static let complete = Interaction(
        userID: "ada", itemID: "casablanca", kind: "rating", rating: 4.5, weight: 0.25, timestamp: -881_250_949_000,
        interactionID: "complete")
}

extension InteractionStore {
    /// All that is held, in order.
    func everything() throws -> [StoredInteraction] {
        try interactions(userID: nil, itemID: nil, kind: nil, after: nil, limit: .max)
    }

    /// All that a scan tells, with the names put back in.
    func scanned(after watermark: Int64 = 0) throws -> (snapshot: ScanSnapshot?, rows: [StoredInteraction]) {
        var snapshot: ScanSnapshot?
        var rows: [StoredInteraction] = []
        try scan(after: watermark) {
            snapshot = $0
        } row: { row in
            let interaction = Interaction(
                userID: snapshot?.userIDs[row.userKey] ?? "?", itemID: snapshot?.itemIDs[row.itemKey] ?? "?",
                kind: snapshot?.kinds[row.kindKey], rating: row.rating, weight: row.weight, timestamp: row.timestamp)
            rows.append(StoredInteraction(rowID: row.rowID, interaction: interaction))
            return true
        }
        return (snapshot, rows)
    }
}
