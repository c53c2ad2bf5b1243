import Foundation
import GRDB

/// Who must not come back, within one write transaction: looks up each name once, and nothing where nobody was ever erased.
struct BarredUsers {
    private let find: Statement?
    private let key: [UInt8]
    private var known: [ExactName: Tombstones.Stone?] = [:]

    init(_ database: Database) throws {
        let any = try database.cachedStatement(sql: "SELECT 1 FROM erasures LIMIT 1")
        guard try Int.fetchOne(any) != nil else {
            find = nil
            key = []
            return
        }
        find = try database.cachedStatement(sql: "SELECT sequence, erased_at FROM erasures WHERE digest = ?")
        key = try SQLiteInteractionStore.erasureKey(database)
    }

    /// Whether the interaction is kept out.
    mutating func bars(_ interaction: Interaction, begunAfter erasures: Int64?) throws -> Bool {
        guard let find else { return false }
        let name = ExactName(interaction.userID)
        let stone: Tombstones.Stone?
        if let found = known[name] {
            stone = found
        } else {
            let digest = Data(Tombstones.digest(of: interaction.userID, key: key))
            stone = try Row.fetchOne(find, arguments: [digest]).map { .init(sequence: $0[0], erasedAt: $0[1]) }
            known[name] = .some(stone)
        }
        return stone?.bars(interaction, begunAfter: erasures) ?? false
    }
}
