internal import Glibc

/// How much more an item of a history counts, the more its interaction does: a purchase more than a view.
///
/// An item counts (w / m)^e, w being what its interaction counts and m the geometric mean of the training's, which a few great
/// ones do not move far.
public struct HistoryEvidence: Sendable, Equatable {
    /// What an item counts at most: a weight may be anything, and one item is not to drown a history.
    static let greatestFactor: Float = 100

    /// e, from 0 to 1; 0 has all count alike.
    public var exponent: Double
    /// m, above 0.
    public var meanWeight: Float

    /// All items count alike, whatever their interactions do.
    public static let none = HistoryEvidence(exponent: 0, meanWeight: 1)

    /// Gathers the parts.
    public init(exponent: Double, meanWeight: Float) {
        self.exponent = exponent
        self.meanWeight = meanWeight
    }

    /// With the geometric mean of what counts for something in `dataset` and is no dislike.
    init(exponent: Double, of dataset: InteractionDataset) {
        guard exponent > 0 else {
            self = .none
            return
        }
        let (sum, count) = dataset.weights.reduce(into: (0.0, 0)) { sums, weight in
            guard weight > 0 else { return }
            sums.0 += log(Double(weight))
            sums.1 += 1
        }
        let mean = count > 0 ? Float(exp(sum / Double(count))) : 1
        self.init(exponent: exponent, meanWeight: mean.isNormal ? mean : 1)
    }

    /// Whether there is any such thing.
    var isOn: Bool { exponent > 0 }

    /// What an item counts whose interaction counts `weight`, which is above 0.
    func factor(of weight: Float) -> Float {
        isOn ? min(Float(pow(Double(weight) / Double(meanWeight), exponent)), Self.greatestFactor) : 1
    }
}
