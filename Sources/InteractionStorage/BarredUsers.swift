import Foundation
import GRDB

/// Who must not come back, within one write transaction: looks up each name once, and nothing where nobody was ever erased.
struct BarredUsers {
    private let find: Statement?
    private let keys: [[UInt8]]
    private var known: [ExactName: Tombstones.Stone?] = [:]

    init(_ database: Database) throws {
        guard try RawStatement(database, "SELECT 1 FROM erasures LIMIT 1").integer() != nil else {
            find = nil
            keys = []
            return
        }
        find = try database.cachedStatement(sql: "SELECT sequence, erased_at FROM erasures WHERE digest = ?")
        keys = try SQLiteInteractionStore.erasureKeys(database)
    }

    /// Whether the interaction is kept out.
    mutating func bars(_ interaction: Interaction, begunAfter erasures: Int64?) throws -> Bool {
        try stone(of: interaction.userID)?.bars(interaction, begunAfter: erasures) ?? false
    }

    /// Whether all that a request brings about that user is kept out, because the user was erased after it began.
    mutating func bars(_ userID: String, begunAfter erasures: Int64?) throws -> Bool {
        guard erasures != nil else { return false }
        return try stone(of: userID)?.bars(requestBegunAfter: erasures) ?? false
    }

    /// Whether that user was ever erased.
    mutating func contains(_ userID: String) throws -> Bool { try stone(of: userID) != nil }

    private mutating func stone(of userID: String) throws -> Tombstones.Stone? {
        guard let find else { return nil }
        let name = ExactName(userID)
        if let found = known[name] { return found }
        let stones: [Tombstones.Stone] = try keys.compactMap { key in
            let digest = Data(Tombstones.digest(of: userID, key: key))
            return try Row.fetchOne(find, arguments: [digest]).map { .init(sequence: $0[0], erasedAt: $0[1]) }
        }
        let stone = Tombstones.Stone(latestOf: stones)
        known[name] = .some(stone)
        return stone
    }
}
