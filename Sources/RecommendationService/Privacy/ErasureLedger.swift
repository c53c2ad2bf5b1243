import Atomics

/// How many erasures there have been, for those who have to say before which of them they began.
///
/// Whoever reads it before a user is erased keeps out that user's interactions, however late they are stored.
final class ErasureLedger: Sendable {
    private let sequence = ManagedAtomic<Int64>(0)

    /// The last erasure that this process knows of.
    var last: Int64 { sequence.load(ordering: .acquiring) }

    /// There has been this one.
    func advance(to erasure: Int64) {
        var known = sequence.load(ordering: .relaxed)
        while known < erasure {
            let (isDone, found) = sequence.compareExchange(
                expected: known, desired: erasure, ordering: .acquiringAndReleasing)
            if isDone { return }
            known = found
        }
    }
}
