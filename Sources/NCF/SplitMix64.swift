import Glibc

/// The engine's source of random numbers (SplitMix64, Steele et al. 2014): eight bytes of state, so that every sample of
/// every epoch can have a stream of its own, whichever thread draws it.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Starts the stream that belongs to `seed`.
    init(seed: UInt64) {
        state = seed
    }

    /// Starts the stream that belongs to `seed` and a position in the run, unrelated to those of other positions.
    init(seed: UInt64, _ first: Int, _ second: Int = 0) {
        self = Streams(seed: seed, first)[second]
    }

    /// The streams of positions with the same first part.
    struct Streams: Sendable {
        private let base: UInt64

        /// Of ``SplitMix64/init(seed:_:_:)`` with the same `seed` and `first`.
        init(seed: UInt64, _ first: Int) {
            base = mix(mix(seed &+ 0x632B_E59B_D9B4_E019) ^ UInt64(truncatingIfNeeded: first))
        }

        /// The one of a second part.
        subscript(second: Int) -> SplitMix64 {
            SplitMix64(seed: mix(base ^ UInt64(truncatingIfNeeded: second)))
        }
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        state &+= Self.increment
        return Self.mix(state)
    }

    /// Goes on as if `count` numbers had been taken; O(1).
    mutating func skip(_ count: Int) {
        state &+= UInt64(truncatingIfNeeded: count) &* Self.increment
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Uniform in 0 ..< `bound`, which is positive and below 2³².
    ///
    /// Multiply and shift (Lemire 2019) on 64 bits without his rejection: the bias is below `bound` / 2⁶⁴.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
    }

    /// Uniform in [0, 1).
    mutating func nextUnit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Normally distributed with mean 0 and variance 1 (Box and Muller 1958).
    mutating func nextNormal() -> Double {
        let radius = (-2 * log(1 - nextUnit())).squareRoot()
        return radius * cos(2 * Double.pi * nextUnit())
    }
}
