internal import Synchronization

/// A number that goes up and down, such as open connections. Any thread may call; nothing allocates or locks.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(Double(0).bitPattern)

    init() {}

    /// What the gauge shows.
    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    /// Shows `value` from now on.
    public func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    /// Shows `amount` more; negative for less.
    public func add(_ amount: Double) {
        bits.addDouble(amount)
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to the double whose bit pattern this holds; retried until no other thread came between.
    func addDouble(_ amount: Double) {
        var current = load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: current) + amount).bitPattern
            let (exchanged, original) = weakCompareExchange(expected: current, desired: sum, ordering: .relaxed)
            if exchanged { return }
            current = original
        }
    }
}
