import CKernels
import Glibc

/// Adam (Kingma and Ba 2015) with its usual constants; the moments belong to whoever owns the parameters.
///
/// Sparse parameters keep a step count per row: a row that a batch does not touch stands still altogether, moments
/// included, and its bias correction counts the batches that did touch it. So each row moves exactly as under dense Adam
/// over those batches. (With one global count a row first touched late would be corrected as if its moments were warm,
/// and take steps three times too long.)
struct Optimizer: Sendable {
    static let beta1 = 0.9
    static let beta2 = 0.999
    static let epsilon = 1e-8

    /// Step size.
    var learningRate: Double
    // 1 / (1 - βᵗ) by t; both are 1 in single precision beyond the table's end.
    private let corrections: [(first: Float, second: Float)]

    init(learningRate: Double) {
        self.learningRate = learningRate
        corrections = (0..<20_000).map { step in
            guard step > 0 else { return (1, 1) }
            return (Float(1 / (1 - pow(Self.beta1, Double(step)))), Float(1 / (1 - pow(Self.beta2, Double(step)))))
        }
    }

    /// One step on `count` parameters: the `step`th, the first being 1.
    ///
    /// `decay` times the parameter is added to the gradient first (L2). All pointers hold `count` elements.
    func apply(
        count: Int, parameters: UnsafeMutablePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
        secondMoment: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, decay: Float, step: Int
    ) {
        let correction = step < corrections.count ? corrections[step] : (first: 1, second: 1)
        unsafe nectar_adam(
            Int32(count), parameters, firstMoment, secondMoment, gradient, decay, Float(learningRate),
            Float(Self.beta1), Float(Self.beta2), Float(Self.epsilon), correction.first, correction.second
        )
    }
}
