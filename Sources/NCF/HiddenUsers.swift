internal import Locking
internal import Synchronization

/// Users that a snapshot holds and no longer answers for: whoever is erased is hidden at once, and taken out of the model's
/// memory and files when there is time (``ModelStore/removeUsers(erased:)``).
final class HiddenUsers: Sendable {
    // Nearly always there is none, and then a request pays one relaxed load.
    private let isEmpty = Atomic<Bool>(true)
    private let indices = Lock<Set<Int>>([])

    func insert(_ user: Int) {
        indices.withLock { _ = $0.insert(user) }
        isEmpty.store(false, ordering: .releasing)
    }

    /// All of them, in no order.
    var all: [Int] { isEmpty.load(ordering: .acquiring) ? [] : indices.withLock { Array($0) } }

    func contains(_ user: Int) -> Bool {
        !isEmpty.load(ordering: .acquiring) && indices.withLock { $0.contains(user) }
    }
}
