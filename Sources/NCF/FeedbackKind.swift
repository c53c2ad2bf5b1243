internal import Glibc

/// What interactions of one kind say of their items: for them or against them, how loudly, and how fast that fades.
public struct FeedbackKind: Sendable, Equatable {
    /// Whether who did it wants more of the kind of item, or less.
    public enum Sign: String, Sendable, CaseIterable {
        /// A sign of interest: what is trained as a positive.
        case positive
        /// A sign of dislike: what is trained as a negative, and never recommended to who gave it.
        case negative
    }

    /// How much one counts, times its own weight; 0 makes it seen and nothing else.
    public var weight: Double
    /// For the item or against it.
    public var sign: Sign
    /// Days after which half of its weight is left; nil where it does not fade.
    public var halfLifeDays: Double?

    /// What an interaction without a kind is: a positive of weight 1 that does not fade.
    public static let plain = FeedbackKind()

    /// Gathers the parts; `weight` is not negative, `halfLifeDays` above 0.
    public init(weight: Double = 1, sign: Sign = .positive, halfLifeDays: Double? = nil) {
        precondition(weight >= 0 && weight.isFinite && halfLifeDays.map { $0 > 0 } ?? true)
        self.weight = weight
        self.sign = sign
        self.halfLifeDays = halfLifeDays
    }

    /// What an interaction of this kind counts that has `weight` of its own: below 0 for a dislike.
    ///
    /// - Parameter age: Milliseconds that it is older than the newest of the data; it has faded by so much.
    public func evidence(_ weight: Float, age: Int64 = 0) -> Float {
        let magnitude = Float(Double(weight) * self.weight)
        guard magnitude > 0 else { return 0 }
        let evidence = sign == .positive ? magnitude : -magnitude
        guard let halfLifeDays else { return evidence }
        return FeedbackKind.faded(evidence, halfLifeDays: halfLifeDays, after: age)
    }

    /// What is left of `evidence` after `age` milliseconds. However little that is, it still says whether the item was liked or disliked.
    public static func faded(_ evidence: Float, halfLifeDays: Double, after age: Int64) -> Float {
        let left = Float(Double(evidence) * exp2(-Double(max(0, age)) / (halfLifeDays * 86_400_000)))
        guard evidence != 0, left.magnitude < .leastNormalMagnitude else { return left }
        return Float(sign: evidence.sign, exponent: 0, significand: .leastNormalMagnitude)
    }
}
