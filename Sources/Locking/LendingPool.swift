/// Values that are dear to make and for one thread at a time, each made once and lent again and again.
///
/// As many are made as are lent at once; of those that come back `limit` wait for whoever asks next.
public final class LendingPool<Value>: Sendable {
    @usableFromInline
    // Unchecked: a value in the list is in nobody's hands.
    struct Idle: @unchecked Sendable {
        @usableFromInline let value: Value

        @inlinable
        init(value: Value) { self.value = value }
    }

    @usableFromInline let limit: Int
    @usableFromInline let make: @Sendable () -> Value
    @usableFromInline let idle = Lock<[Idle]>([])

    /// A pool of what `make` makes.
    public init(limit: Int, make: @escaping @Sendable () -> Value) {
        self.limit = limit
        self.make = make
    }

    /// Lends a value to `body`, which must not keep it, then leaves it as `tidy` does.
    @inlinable
    public func lend<Result, Failure: Error>(
        tidy: (Value) -> Void = { _ in }, to body: (Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let lent = idle.withLock { $0.popLast() } ?? Idle(value: make())
        defer {
            tidy(lent.value)
            idle.withLock { idle in
                if idle.count < limit { idle.append(lent) }
            }
        }
        return try body(lent.value)
    }
}
