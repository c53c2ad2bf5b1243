/// The generator behind synthetic data (SplitMix64; Steele, Lea and Flood 2014): the same numbers for a seed, everywhere.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// Uniform below `bound`, which is positive: the high half of a product (Lemire 2019), without its rejection, whose
    /// effect is below one in 2³² for the bounds here.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Uniform in 0..<1, in steps of 2⁻⁵³.
    mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// One number that depends on every bit of `value`.
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
