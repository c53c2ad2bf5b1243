/// The settings of ``Objective/cosineContrastive``: L = 1 − cos(p, q⁺) + w · mean over negatives of max(0, cos(p, q⁻) − m).
public struct CosineContrast: Sendable, Equatable {
    /// m: negatives no nearer than that are left alone.
    public var margin: Double
    /// w: how much the negatives of a positive count, taken together.
    public var negativeWeight: Double

    /// Settings that suit data about as dense as MovieLens.
    public init(margin: Double = 0.4, negativeWeight: Double = 10) {
        self.margin = margin
        self.negativeWeight = negativeWeight
    }
}
