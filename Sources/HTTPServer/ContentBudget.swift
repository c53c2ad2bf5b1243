import Synchronization

/// How many octets of content are held in memory at once, over all connections and from the first octet to the answer.
///
/// A limit for each request alone would be no limit: there may be as many requests as connections.
public final class ContentBudget: Sendable {
    private let limit: Int
    private let held = Atomic<Int>(0)

    /// Room for `limit` octets.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Whether there is room for so many octets more just now.
    public func hasRoom(for count: Int) -> Bool { count <= limit - held.load(ordering: .relaxed) }

    /// A share of nothing yet.
    public func reserve() -> Reservation { Reservation(self) }

    fileprivate func take(_ count: Int, leaving share: Double) -> Bool {
        let before = held.add(count, ordering: .relaxed).oldValue
        guard before + count > limit - Int(Double(limit) * share) else { return true }
        giveBack(count)
        return false
    }

    fileprivate func giveBack(_ count: Int) {
        held.subtract(count, ordering: .relaxed)
    }

    /// One request's share, given back when it is let go of.
    public final class Reservation: Sendable {
        private let budget: ContentBudget
        private let count = Atomic<Int>(0)

        init(_ budget: ContentBudget) {
            self.budget = budget
        }

        deinit { budget.giveBack(count.load(ordering: .relaxed)) }

        /// Makes it a share of `total` octets, no less than before; false, and it stays as it is, where there is no room. Not by two
        /// threads at once.
        ///
        /// - Parameter share: How much of the budget, from 0 to 1, is to be left for others.
        public func grow(to total: Int, leaving share: Double = 0) -> Bool {
            let more = total - count.load(ordering: .relaxed)
            guard more > 0 else { return true }
            guard budget.take(more, leaving: share) else { return false }
            count.add(more, ordering: .relaxed)
            return true
        }

        /// Gives everything back.
        public func clear() {
            budget.giveBack(count.exchange(0, ordering: .relaxed))
        }
    }
}
