/// Which branches of the one NCF formula a model has; see ``ModelParameters`` for the formula and its shapes.
public enum Architecture: String, Sendable, CaseIterable {
    /// Matrix factorisation: the GMF branch with its output weights fixed at one (Rendle et al. 2020).
    case mf
    /// Generalised matrix factorisation: the GMF branch with learned output weights (He et al. 2017).
    case gmf
    /// The neural network on the concatenated embeddings, alone.
    case mlp
    /// Both branches, joined by one output layer.
    case neumf

    /// Whether the model multiplies a user's and an item's embedding element by element.
    public var hasGMF: Bool { self != .mlp }

    /// Whether the model feeds a second pair of embeddings through dense layers.
    public var hasMLP: Bool { self == .mlp || self == .neumf }

    /// Whether the output weights of the GMF branch are trained, rather than fixed at one.
    public var learnsGMFOutput: Bool { self == .gmf || self == .neumf }
}
