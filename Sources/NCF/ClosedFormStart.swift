/// How the embeddings of an implicit model are found in closed form before training proper; see ``Hyperparameters``.
///
/// A model that starts where matrix factorisation ends needs a few epochs to learn what is left, rather than many to
/// learn it all (the pre-training of He et al. 2017, in seconds instead of hours).
public struct ClosedFormStart: Sendable, Equatable {
    /// Alternating sweeps over users and items; 0 starts from random embeddings.
    public var sweeps: Int
    /// λ: penalty on the square of each factor, for each interaction of its user or item (unobserved ones by their weight).
    public var regularization: Double
    /// α: weight of a pair's prediction being 0, for every pair; an observed pair being 1 has weight 1.
    public var unobservedWeight: Double

    /// No closed form: embeddings start at random.
    public static let none = ClosedFormStart(sweeps: 0)

    /// Settings beside a regression of items on each other (``HistoryBag``), for data about as dense as MovieLens: what is absent the
    /// regression says better, and the last sweeps change nothing that it does not.
    public static let besideRegression = ClosedFormStart(sweeps: 10, regularization: 0.01, unobservedWeight: 0.05)

    /// Settings that suit a factorisation alone, and data about as dense as MovieLens (Rendle et al. 2021).
    public init(sweeps: Int = 12, regularization: Double = 0.007, unobservedWeight: Double = 0.3) {
        self.sweeps = sweeps
        self.regularization = regularization
        self.unobservedWeight = unobservedWeight
    }
}
