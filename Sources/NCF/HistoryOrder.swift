internal import Glibc

/// How the order of histories enters the regression of items on each other: the nearer two items of a history lie, the more
/// they say of each other, and what came first says more of what came later than the other way round.
struct HistoryOrder: Sendable, Equatable {
    /// Reach in half-lives of a history: of 2 to 8 it hardly matters which.
    private static let reachInHalfLives = 3.0
    /// Halvings after which a single-precision sum no longer notices.
    private static let noticedHalvings = 24.0

    /// Places between two items of a history over which they come to say half as much of each other.
    let reach: Double
    /// What the later of two items says of the earlier, as a share of what the earlier says of the later: 0 to 1.
    let backward: Double

    /// The order that goes with histories of which the newest `halfLife` items count most.
    init(halfLife: Double, backward: Double) {
        reach = Self.reachInHalfLives * halfLife
        self.backward = backward
    }

    /// 2^(−d / reach) for distances d from 0 on, as far as they are noticed and as they come in histories of `longest` items.
    func factors(longest: Int) -> [Float] {
        let noticed = min(Double(longest), Self.noticedHalvings * reach + 1)
        return (0..<max(1, Int(noticed))).map { Float(exp2(-Double($0) / reach)) }
    }
}
