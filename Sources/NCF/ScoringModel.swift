/// A model's numbers in the form that scores a whole catalogue fastest, exactly by the formula of ``ModelParameters``.
///
/// The item half of the first dense layer, W_1ᴵ q_M(i), is computed once per item; what is left of a request is one
/// matrix–vector product for GMF and, for the MLP, small dense products whose activations stay in registers and the
/// first-level cache. Immutable; any number of threads may score at once, each with scratch memory of its own call.
public final class ScoringModel: Scorer {
    let architecture: Architecture
    let userCount: Int
    /// How many items the catalogue has.
    public let itemCount: Int
    let gmfWidth: Int
    let mlpWidth: Int
    let userGMF: FrozenArray<Float>
    let itemGMF: FrozenArray<Float>
    let userMLP: FrozenArray<Float>
    let itemMLP: FrozenArray<Float>
    /// W_1ᴵ q_M(i) for every item, I × the first layer's outputs.
    let itemHalves: FrozenArray<Float>
    let layers: [Layer]
    let outputWeights: FrozenArray<Float>
    let userBias: FrozenArray<Float>
    let itemBias: FrozenArray<Float>
    let globalBias: Float
    /// What the items of histories contribute to users; nil where users are their IDs alone.
    let history: HistoryTable?
    /// What the users have in their histories, where items add to the logits of their neighbours; nil where they do not.
    let histories: UserHistories?
    /// The dense layers as the kernels read them.
    let tower: ServingTower
    let kernels: ServingKernels
    /// The item embeddings in bytes, where they are served so.
    let compact: CompactItems?
    /// How items are chosen for the tower, where it costs too much for all.
    let preselection: Preselection?

    /// One dense layer: `outputs` × `inputs` weights, row-major.
    struct Layer: Sendable {
        var inputs: Int
        var outputs: Int
        var weights: FrozenArray<Float>
        var bias: FrozenArray<Float>
    }

    /// Copies `parameters` and computes the item halves; O(I · m · the first layer's outputs).
    ///
    /// - Parameter dataset: What its users have done, of the same users and items; for models with neighbours (``NeighbourTable``), whose
    ///   users are what is added to their vectors when they are asked for.
    public convenience init(_ parameters: ModelParameters, of dataset: InteractionDataset? = nil) {
        let evidence = parameters.history?.evidence ?? .none
        self.init(
            parameters, kernels: .best,
            seen: parameters.history?.neighbours == nil
                ? nil : dataset.map { SeenItems(dataset: $0, hasWeights: evidence.isOn) })
    }

    /// The same, by the kernels of one instruction set.
    init(_ parameters: ModelParameters, kernels: ServingKernels = .best, seen: SeenItems? = nil) {
        Kernels.useOneThread()
        architecture = parameters.architecture
        userCount = parameters.userCount
        itemCount = parameters.itemCount
        gmfWidth = parameters.embeddingDimension
        mlpWidth = parameters.mlpEmbeddingDimension
        userGMF = FrozenArray(parameters.userGMF)
        itemGMF = FrozenArray(parameters.itemGMF)
        userMLP = FrozenArray(parameters.userMLP)
        itemMLP = FrozenArray(parameters.itemMLP)
        layers = parameters.layers.map {
            Layer(
                inputs: $0.inputSize, outputs: $0.outputSize, weights: FrozenArray($0.weights),
                bias: FrozenArray($0.bias))
        }
        outputWeights = FrozenArray(parameters.outputWeights)
        userBias = FrozenArray(parameters.userBias)
        itemBias = FrozenArray(parameters.itemBias)
        globalBias = parameters.globalBias
        history = parameters.history.map { HistoryTable($0) }
        histories = history.flatMap { Self.histories($0, seen) }
        itemHalves = FrozenArray(Self.itemHalves(of: parameters))
        self.kernels = kernels
        compact = nil
        preselection = nil
        tower = ServingTower(
            layers, mlpWidth: mlpWidth, outputWeights: Array(outputWeights.dropFirst(gmfWidth)), kernels: kernels)
    }

    /// Takes parts that were checked against each other, such as those of a mapped file.
    init(
        architecture: Architecture, userCount: Int, itemCount: Int, gmfWidth: Int, mlpWidth: Int,
        userGMF: FrozenArray<Float>, itemGMF: FrozenArray<Float>, userMLP: FrozenArray<Float>,
        itemMLP: FrozenArray<Float>, itemHalves: FrozenArray<Float>, layers: [Layer],
        outputWeights: FrozenArray<Float>, userBias: FrozenArray<Float>, itemBias: FrozenArray<Float>,
        globalBias: Float,
        history: HistoryTable?, seen: SeenItems?
    ) {
        Kernels.useOneThread()
        self.architecture = architecture
        self.userCount = userCount
        self.itemCount = itemCount
        self.gmfWidth = gmfWidth
        self.mlpWidth = mlpWidth
        self.userGMF = userGMF
        self.itemGMF = itemGMF
        self.userMLP = userMLP
        self.itemMLP = itemMLP
        self.itemHalves = itemHalves
        self.layers = layers
        self.outputWeights = outputWeights
        self.userBias = userBias
        self.itemBias = itemBias
        self.globalBias = globalBias
        self.history = history
        histories = history.flatMap { Self.histories($0, seen) }
        kernels = .best
        compact = nil
        preselection = nil
        tower = ServingTower(
            layers, mlpWidth: mlpWidth, outputWeights: Array(outputWeights.dropFirst(gmfWidth)), kernels: kernels)
    }

    /// The same numbers, ranked otherwise.
    init(_ other: ScoringModel, compact: CompactItems?, preselection: Preselection?) {
        architecture = other.architecture
        userCount = other.userCount
        itemCount = other.itemCount
        gmfWidth = other.gmfWidth
        mlpWidth = other.mlpWidth
        userGMF = other.userGMF
        itemGMF = other.itemGMF
        userMLP = other.userMLP
        itemMLP = other.itemMLP
        itemHalves = other.itemHalves
        layers = other.layers
        outputWeights = other.outputWeights
        userBias = other.userBias
        itemBias = other.itemBias
        globalBias = other.globalBias
        history = other.history
        histories = other.histories
        tower = other.tower
        kernels = other.kernels
        self.compact = compact
        self.preselection = preselection
    }

    private static func itemHalves(of parameters: ModelParameters) -> [Float] {
        guard let first = parameters.layers.first else { return [] }
        let (items, width) = (parameters.itemCount, parameters.mlpEmbeddingDimension)
        var halves = [Float](repeating: 0, count: items * first.outputSize)
        unsafe halves.withUnsafeMutableBufferPointer { halves in
            unsafe parameters.itemMLP.withUnsafeBufferPointer { embeddings in
                unsafe first.weights.withUnsafeBufferPointer { weights in
                    guard let halves = halves.baseAddress, let embeddings = embeddings.baseAddress,
                        let weights = weights.baseAddress
                    else { return }
                    // The first layer takes [p_M ; q_M]: the item's weights are the right half of each row.
                    unsafe ServingProducts.product(
                        embeddings, rows: items, inner: width, weights + width, columns: first.outputSize,
                        rightStride: 2 * width, into: halves)
                }
            }
        }
        return halves
    }

    private static func histories(_ table: HistoryTable, _ seen: SeenItems?) -> UserHistories? {
        table.neighbours == nil ? nil : seen.map { UserHistories(seen: $0, evidence: table.evidence) }
    }

    /// What the history of `user` adds to the logits of its items' neighbours; O(its items' entries).
    func related(of user: Int) -> RelatedScores {
        guard let history, let histories else { return .none }
        return history.related(to: histories.items(of: user))
    }

    /// What it adds to the logit of one item; O(the history · log of its items' entries).
    func related(of user: Int, to item: Int) -> Float {
        guard let history, let histories else { return 0 }
        return history.related(to: item, by: histories.items(of: user))
    }

    /// All that the model knows about `user`.
    func vector(of user: Int) -> UserVector {
        var vector = ownVector(of: user)
        vector.related = related(of: user)
        return vector
    }

    /// What the model learned about `user`: ``vector(of:)`` but for what its history adds to the logits of neighbours.
    func ownVector(of user: Int) -> UserVector {
        precondition(user >= 0 && user < userCount, "a user index out of bounds")
        return UserVector(
            gmf: Array(userGMF[user * gmfWidth..<(user + 1) * gmfWidth]),
            mlp: Array(userMLP[user * mlpWidth..<(user + 1) * mlpWidth]), bias: userBias[user])
    }

    /// Writes every item's logit for `user`.
    public func score(user: Int, into scores: inout MutableSpan<Float>) {
        score(vector(of: user), into: &scores)
    }

    /// Writes every item's logit for each of `users`, one user's after another's; one pass over the catalogue.
    public func score(users: ArraySlice<Int>, into scores: inout MutableSpan<Float>) {
        precondition(
            scores.count >= users.count * itemCount, "room for \(scores.count) scores of \(users.count) users")
        unsafe scores.withUnsafeMutableBufferPointer {
            if let result = $0.baseAddress { unsafe score(users, into: result) }
        }
    }

    /// The logits of a few items for `user`.
    public func score(user: Int, items: [Int32]) -> [Float] {
        score(vector(of: user), items: items)
    }
}
