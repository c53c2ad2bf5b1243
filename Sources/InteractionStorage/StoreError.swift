/// Why a store did not do what was asked; in every case but ``outcomeUnknown(_:)`` nothing of the request was stored.
public enum StoreError: Error, Equatable, Sendable {
    /// The store cannot be reached for now (I/O error, locked by another program, closed, draining); a retry may succeed.
    case unavailable(String)
    /// Nobody can tell whether the request was stored: the connection broke while it was being committed. Repeated as it is, with the
    /// idempotency key or the names that it had, it is stored once; without them perhaps twice.
    case outcomeUnknown(String)
    /// No room in the queue of writes.
    case full
    /// No room on the disk, or none that may be used; a retry succeeds when there is some again.
    case noSpace(String)
    /// The file is damaged or is not a store at all; it was left as it is.
    case corrupt(String)
    /// A backup is missing, is none, or is not what it was; the store is as it was.
    case unusableBackup(String)
    /// The file was written by a newer version of this program; it was left as it is.
    case newerSchema(found: Int, supported: Int)
    /// The idempotency key was used before, for other interactions.
    case keyReused
    /// The request itself cannot be carried out.
    case failed(operation: String, reason: String)
}

extension StoreError: CustomStringConvertible {
    /// A sentence for people.
    public var description: String {
        switch self {
        case .unavailable(let reason): "the store is unavailable: \(reason)"
        case .outcomeUnknown(let reason): "it is unknown whether this was stored: \(reason)"
        case .full: "too many writes are waiting"
        case .noSpace(let reason): "there is no space left for the store: \(reason)"
        case .corrupt(let reason): "the store is damaged: \(reason)"
        case .unusableBackup(let reason): "the backup cannot be used: \(reason)"
        case .newerSchema(let found, let supported):
            "the store has schema \(found), written by a newer version of this program; "
                + "this version reads up to schema \(supported)"
        case .keyReused: "the idempotency key was used before, for other interactions"
        case .failed(let operation, let reason): "\(operation) failed: \(reason)"
        }
    }
}
