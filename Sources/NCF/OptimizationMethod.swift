/// How parameters step on their gradients.
///
/// Rows of embeddings that a batch does not touch stand still altogether, what is remembered of them included: a step
/// costs what the batch touches.
public enum OptimizationMethod: String, Sendable, CaseIterable {
    /// Adam (Kingma and Ba 2015): steps of about the step size, whatever the gradient's scale.
    case adam
    /// Adagrad (Duchi et al. 2011): the gradient over the root of the sum of all its squares so far, so that what is seen
    /// seldom takes longer steps. An untouched row's gradient is 0, so standing still is exact. Steps ten times as
    /// long as Adam's and more suit it.
    case adagrad
    /// Stochastic gradient descent with heavy-ball momentum (Polyak 1964): m ← μ m + g, x ← x − η m. Gradients are of a batch's
    /// mean loss, so that steps have to be some hundred times as long as Adam's and more.
    case sgd
}
