extension ModelParameters {
    /// What the items of a history contribute to the vectors of a user, in a model that knows histories:
    ///
    ///     p(u) = E[u] + w Σ_{j ∈ history(u)} Y[j]      for p_G, p_M and β_u alike
    ///
    /// Where interactions count differently, ``evidence`` has the term of each be so many times as much. With a half-life h the term of the item in place p from the end, the newest being in place 0, is 2^(−p/h) times as much, and with a ``length`` nothing from that place on.
    /// ``ModelParameters`` holds the sums p(u). Arrays are row-major; those of a branch that the architecture lacks are empty.
    public struct History: Sendable, Equatable {
        /// w.
        public var weight: Float
        /// h, in items; 0 has all of them count alike. See ``HistoryBag/halfLife``.
        public var halfLife: Double
        /// How many items count, the newest; 0 has all of them. See ``HistoryBag/length``.
        public var length: Int
        /// How much more an item counts, the more its interaction does.
        public var evidence: HistoryEvidence
        /// Y_G, I × d.
        public var gmf: [Float]
        /// Y_M, I × m.
        public var mlp: [Float]
        /// Y_β, I elements.
        public var bias: [Float]
        /// What items add to the logits of others directly, each times w; nil where they do not. Then the arrays Y may be empty.
        var neighbours: NeighbourTable?
        /// The mean of the users' own E[u].
        public var ownMean: UserVector
        /// The variance of the users' own E[u] around it, element by element.
        public var ownVariance: UserVector

        /// Takes numbers of one model.
        public init(
            weight: Float, halfLife: Double = 0, length: Int = 0, evidence: HistoryEvidence = .none, gmf: [Float],
            mlp: [Float], bias: [Float], ownMean: UserVector, ownVariance: UserVector
        ) {
            self.weight = weight
            self.halfLife = halfLife
            self.length = length
            self.evidence = evidence
            self.gmf = gmf
            self.mlp = mlp
            self.bias = bias
            self.ownMean = ownMean
            self.ownVariance = ownVariance
        }

        /// What belongs to users whose GMF embeddings are `gmfFactor` and whose biases `biasFactor` times as large.
        func scaled(gmf gmfFactor: Float, bias biasFactor: Float) -> History {
            func scaled(_ vector: UserVector, _ power: Int) -> UserVector {
                let (gmf, bias) =
                    power == 1 ? (gmfFactor, biasFactor) : (gmfFactor * gmfFactor, biasFactor * biasFactor)
                return UserVector(gmf: vector.gmf.map { gmf * $0 }, mlp: vector.mlp, bias: bias * vector.bias)
            }
            var scaledHistory = History(
                weight: weight, halfLife: halfLife, length: length, evidence: evidence,
                gmf: gmf.map { gmfFactor * $0 }, mlp: mlp,
                bias: bias.map { biasFactor * $0 },
                ownMean: scaled(ownMean, 1), ownVariance: scaled(ownVariance, 2))
            // Of a logit, as the bias is.
            scaledHistory.neighbours = neighbours?.scaled(by: biasFactor)
            return scaledHistory
        }
    }
}
