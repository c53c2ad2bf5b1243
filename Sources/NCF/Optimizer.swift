import CKernels
import Glibc

/// By which method and how far parameters step; what it remembers of them is ``OptimizerState``'s.
///
/// For Adam, sparse parameters keep a step count per row: a row that a batch does not touch stands still altogether, moments
/// included, and its bias correction counts the batches that did touch it. So each row moves exactly as under dense Adam
/// over those batches. (With one global count a row first touched late would be corrected as if its moments were warm,
/// and take steps three times too long.)
struct Optimizer: Sendable {
    static let beta1 = 0.9
    static let beta2 = 0.999
    static let epsilon = 1e-8
    static let adagradEpsilon = 1e-10

    let method: OptimizationMethod
    /// Of ``OptimizationMethod/sgd``.
    let momentum: Double
    /// Step size.
    var learningRate: Double
    /// Adam's 1 / (1 − βᵗ) by t; both are 1 in single precision beyond the end.
    let corrections: [nectar_adam_correction]

    init(learningRate: Double, method: OptimizationMethod = .adam, momentum: Double = 0) {
        self.learningRate = learningRate
        self.method = method
        self.momentum = momentum
        corrections = (0..<(method == .adam ? 20_000 : 0)).map { step in
            guard step > 0 else { return nectar_adam_correction(first: 1, second: 1) }
            return nectar_adam_correction(
                first: Float(1 / (1 - pow(Self.beta1, Double(step)))),
                second: Float(1 / (1 - pow(Self.beta2, Double(step)))))
        }
    }

    /// The one that `settings` ask for.
    init(_ settings: Hyperparameters) {
        self.init(learningRate: settings.learningRate, method: settings.optimizer, momentum: settings.momentum)
    }

    /// How many numbers the method remembers of each parameter.
    var numbersPerParameter: Int {
        switch method {
        case .adam: 2
        case .adagrad: 1
        case .sgd: momentum > 0 ? 1 : 0
        }
    }

    /// What Adam's moments are multiplied with at step `step`, the first being 1.
    func correction(step: Int) -> nectar_adam_correction {
        step < corrections.count ? corrections[step] : nectar_adam_correction(first: 1, second: 1)
    }

    /// How Adam steps, for kernels.
    var adam: nectar_adam_settings {
        nectar_adam_settings(
            rate: Float(learningRate), beta1: Float(Self.beta1), beta2: Float(Self.beta2), epsilon: Float(Self.epsilon))
    }
}
