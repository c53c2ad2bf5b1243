import InteractionStorage
import Locking

/// How the last write of interactions ended, for those who ask after the store's health.
final class WriteOutcome: Sendable {
    private let failure = Lock<StoreError?>(nil)

    /// What kept the last one from being stored; nil where it was, or would have been but for its own fault.
    var fault: String? { failure.withLock { $0.map { "The last write failed: \($0)." } } }

    /// A write was answered.
    func note(_ result: Result<AppendReceipt, StoreError>) {
        switch result {
        case .success: failure.withLock { $0 = nil }
        case .failure(.failed), .failure(.keyReused), .failure(.full): break
        case .failure(let error): failure.withLock { $0 = error }
        }
    }
}
