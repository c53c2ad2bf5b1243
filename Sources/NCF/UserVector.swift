/// What a model knows of one user: a row of its parameters, the mean of all rows, or one folded in from a history.
public struct UserVector: Sendable, Equatable {
    /// p_G, the GMF embedding; empty without that branch.
    public var gmf: [Float]
    /// p_M, the MLP embedding; empty without that branch.
    public var mlp: [Float]
    /// β_u.
    public var bias: Float
    /// What the items of the user's history add to the logits of their neighbours; nothing in a model without (``NeighbourTable``).
    public var related = RelatedScores.none

    /// Gathers the parts.
    public init(gmf: [Float], mlp: [Float], bias: Float) {
        self.gmf = gmf
        self.mlp = mlp
        self.bias = bias
    }
}
