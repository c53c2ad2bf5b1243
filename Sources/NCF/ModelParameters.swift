/// The trained numbers of an NCF model (He et al. 2017), U users × I items, embeddings of d (GMF) and m (MLP) elements:
///
///     φ_G = p_G ⊙ q_G                                    d elements, absent from `mlp`
///     φ_M = ReLU(W_L … ReLU(W_1 [p_M ; q_M] + b_1) …)    absent from `mf` and `gmf`
///     logit(u, i) = hᵀ [φ_G ; φ_M] + β_u + β_i + μ
///
/// All matrices are row-major. Arrays of a branch that the architecture lacks are empty.
public struct ModelParameters: Sendable, Equatable {
    /// Which branches there are.
    public var architecture: Architecture
    /// U, the number of users.
    public var userCount: Int
    /// I, the number of items.
    public var itemCount: Int
    /// d, the length of the GMF embeddings; 0 without that branch.
    public var embeddingDimension: Int
    /// m, the length of the MLP embeddings; 0 without that branch.
    public var mlpEmbeddingDimension: Int
    /// p_G, U × d.
    public var userGMF: [Float]
    /// q_G, I × d.
    public var itemGMF: [Float]
    /// p_M, U × m.
    public var userMLP: [Float]
    /// q_M, I × m.
    public var itemMLP: [Float]
    /// The dense layers; the first takes [p_M ; q_M], 2m elements.
    public var layers: [DenseLayer]
    /// h: the GMF branch's d elements first (all 1 for `mf`), then one for each output of the last layer.
    public var outputWeights: [Float]
    /// β_u, U elements.
    public var userBias: [Float]
    /// β_i, I elements.
    public var itemBias: [Float]
    /// μ.
    public var globalBias: Float
    /// What histories contribute to the users' vectors; nil where users are their IDs alone.
    public var history: History?

    /// A model of the given shape that answers 0 to everything, its output weights aside.
    public init(
        architecture: Architecture, userCount: Int, itemCount: Int, embeddingDimension: Int,
        mlpEmbeddingDimension: Int, hiddenLayerSizes: [Int]
    ) {
        self.architecture = architecture
        self.userCount = userCount
        self.itemCount = itemCount
        let gmf = architecture.hasGMF ? embeddingDimension : 0
        let mlp = architecture.hasMLP ? mlpEmbeddingDimension : 0
        self.embeddingDimension = gmf
        self.mlpEmbeddingDimension = mlp
        userGMF = Array(repeating: 0, count: userCount * gmf)
        itemGMF = Array(repeating: 0, count: itemCount * gmf)
        userMLP = Array(repeating: 0, count: userCount * mlp)
        itemMLP = Array(repeating: 0, count: itemCount * mlp)
        layers = []
        var inputSize = 2 * mlp
        for outputSize in architecture.hasMLP ? hiddenLayerSizes : [] {
            let weights = [Float](repeating: 0, count: inputSize * outputSize)
            let bias = [Float](repeating: 0, count: outputSize)
            layers.append(DenseLayer(inputSize: inputSize, outputSize: outputSize, weights: weights, bias: bias))
            inputSize = outputSize
        }
        let towerOutput = architecture.hasMLP ? inputSize : 0
        outputWeights = Array(repeating: 1, count: gmf) + Array(repeating: 0, count: towerOutput)
        userBias = Array(repeating: 0, count: userCount)
        itemBias = Array(repeating: 0, count: itemCount)
        globalBias = 0
    }

    /// The logit of one pair, or the predicted rating of a rating model, by the formula as it stands.
    ///
    /// The plain reference for the kernels and for serving; O(d + the dense layers' weights), allocating.
    public func logit(user: Int, item: Int) -> Float {
        var features: [Float] = []
        for k in 0..<embeddingDimension {
            features.append(userGMF[user * embeddingDimension + k] * itemGMF[item * embeddingDimension + k])
        }
        if architecture.hasMLP {
            let m = mlpEmbeddingDimension
            var activations = Array(userMLP[user * m..<(user + 1) * m]) + itemMLP[item * m..<(item + 1) * m]
            for layer in layers { activations = layer.rectified(activations) }
            features += activations
        }
        var sum = userBias[user] + itemBias[item] + globalBias
        for (weight, feature) in zip(outputWeights, features) { sum += weight * feature }
        return sum
    }

    /// Whether every number is finite.
    public var isFinite: Bool {
        let arrays =
            [userGMF, itemGMF, userMLP, itemMLP, outputWeights, userBias, itemBias, [globalBias]]
            + (history.map { [$0.gmf, $0.mlp, $0.bias] } ?? [])
        return (history?.neighbours?.isFinite ?? true)
            && (arrays + layers.flatMap { [$0.weights, $0.bias] }).allSatisfy { $0.allSatisfy(\.isFinite) }
    }
}

extension DenseLayer {
    /// ReLU(W x + b).
    fileprivate func rectified(_ input: [Float]) -> [Float] {
        (0..<outputSize).map { row in
            var sum = bias[row]
            for column in 0..<inputSize { sum += weights[row * inputSize + column] * input[column] }
            return max(0, sum)
        }
    }
}
