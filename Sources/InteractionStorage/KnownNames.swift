import GRDB
import Locking

/// The keys of names that the writer has looked up, from one transaction of appends to the next.
///
/// To look up two names is a third of what SQLite does for a single interaction. What is kept counts as long as nobody has written
/// anything else. SQLite itself tells: it counts the rows that a connection has ever changed, those that were rolled back included,
/// and has a number that changes with the commits of all other connections. So neither a roll-back nor an erasure nor another
/// program has to have this forget; that an erased name goes from memory at once is what ``forget()`` is for.
final class KnownNames: Sendable {
    /// Names of each sort by their keys.
    struct Keys: Sendable {
        var users: [ExactName: Int] = [:]
        var items: [ExactName: Int] = [:]
        var kinds: [ExactName: Int] = [:]
    }

    private struct State: Sendable {
        var kept: Keys?
        /// The count of the writer's own changes when they were kept.
        var ownChanges = 0
        /// The number that changes with the commits of others, as the last transaction saw it.
        var commitsOfOthers: Int64?
    }

    /// Names of one sort that are kept; with more of them all are forgotten.
    private static let limit = 16_384

    private let state = Lock(State())

    /// What was kept, once, for the transaction that has begun in the writer's `database`; nothing where it is out of date.
    func take(in database: Database) throws -> Keys {
        let commitsOfOthers = try RawStatement(database, "PRAGMA data_version").integer()
        return state.withLock { state in
            let isUpToDate =
                state.ownChanges == database.totalChangesCount && state.commitsOfOthers == commitsOfOthers
            // Read while nobody else can write: by the time that these names are kept somebody may have.
            state.commitsOfOthers = commitsOfOthers
            return state.kept.take().flatMap { isUpToDate ? $0 : nil } ?? Keys()
        }
    }

    /// Keeps nothing.
    func forget() { state.withLock { $0.kept = nil } }

    /// Keeps what the transaction has looked up that took what was kept, and was committed to the writer's `database` just now.
    func keep(_ keys: Keys, in database: Database) {
        let isTooMuch = max(keys.users.count, keys.items.count, keys.kinds.count) > Self.limit
        state.withLock { state in
            state.kept = isTooMuch ? nil : keys
            state.ownChanges = database.totalChangesCount
        }
    }
}
