internal import Synchronization

/// A number that only grows, such as requests answered. Any thread may call; nothing allocates or locks.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    init() {}

    /// What has been counted since the process began.
    public var value: UInt64 { count.load(ordering: .relaxed) }

    /// Counts `amount` more.
    public func increment(by amount: UInt64 = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }
}
