import Glibc
internal import Locking

/// A model in the form in which it is trained: rows of embeddings and one vector of everything else, both with the
/// optimiser's state. ``ModelParameters`` is the form in which it leaves.
final class TrainableModel: Sendable {
    /// Standard deviation of a fresh embedding's elements, over √d: p_G · q_G starts well below 1 for any d.
    private static let embeddingScale = 0.1

    let architecture: Architecture
    let users: EmbeddingTable
    let items: EmbeddingTable
    let dense: DenseParameters
    /// The items of the users' histories as features of ``users``, whose rows then hold ID and history together.
    let histories: BagTable?
    /// What items add to the logits of their neighbours, as a closed form found it, and what the items of a history count.
    let neighbours = Lock<(table: NeighbourTable, counting: HistoryCounting)?>(nil)

    /// A model with random embeddings and weights (from `seed`) and zero biases, μ being `globalBias`.
    ///
    /// - Parameters:
    ///   - histories: The users' bags, of items; their embeddings start at zero.
    ///   - optimizer: What it is going to be trained with.
    ///   - isUnit: Whether embeddings are to have length 1; `mf` only.
    init(
        shape: ModelParameters, trainsGlobalBias: Bool, globalBias: Float, seed: UInt64, histories: FeatureBags? = nil,
        optimizer: Optimizer = Optimizer(learningRate: 0.001), isUnit: Bool = false
    ) {
        let numbers = optimizer.numbersPerParameter
        architecture = shape.architecture
        let gmf = shape.embeddingDimension
        let mlp = shape.mlpEmbeddingDimension
        users = EmbeddingTable(rowCount: shape.userCount, gmf: gmf, mlp: mlp, numbers: numbers, isUnit: isUnit)
        items = EmbeddingTable(rowCount: shape.itemCount, gmf: gmf, mlp: mlp, numbers: numbers, isUnit: isUnit)
        dense = DenseParameters(
            gmf: gmf,
            layerSizes: shape.layers.map { ($0.inputSize, $0.outputSize) },
            trainsGMFOutput: architecture.learnsGMFOutput,
            trainsGlobalBias: trainsGlobalBias,
            numbers: numbers
        )
        self.histories = histories.map { [stride = users.stride] in BagTable(bags: $0, stride: stride, numbers: numbers)
        }
        initialise(table: users, seed: SplitMix64(seed: seed, 1))
        initialise(table: items, seed: SplitMix64(seed: seed, 2))
        if isUnit {
            users.normalize()
            items.normalize()
        }
        initialiseDense(gmf: gmf, random: SplitMix64(seed: seed, 3))
        dense.set([globalBias], at: dense.globalBiasOffset)
    }

    private func initialise(table: EmbeddingTable, seed: SplitMix64) {
        var random = seed
        let gmf = table.gmf
        let mlp = table.mlp
        let gmfDeviation = Self.embeddingScale / max(1, Double(gmf)).squareRoot()
        let mlpDeviation = Self.embeddingScale
        for row in 0..<table.rowCount {
            for k in 0..<gmf { table.rows[row * table.stride + k] = Float(gmfDeviation * random.nextNormal()) }
            for k in gmf..<gmf + mlp { table.rows[row * table.stride + k] = Float(mlpDeviation * random.nextNormal()) }
        }
    }

    /// Dense weights uniform within ±√(6 / (in + out)) (Glorot and Bengio 2010), their biases 0, h's GMF part 1.
    private func initialiseDense(gmf: Int, random: SplitMix64) {
        var random = random
        func fill(_ range: Range<Int>, input: Int, output: Int) {
            let bound = (6 / Double(input + output)).squareRoot()
            dense.set(range.map { _ in Float(bound * (2 * random.nextUnit() - 1)) }, at: range.lowerBound)
        }
        dense.set(Array(repeating: 1, count: gmf), at: 0)
        fill(gmf..<dense.outputCount, input: dense.outputCount - gmf, output: 1)
        for (size, offset) in zip(dense.layerSizes, dense.layerOffsets) {
            fill(offset.weights..<offset.bias, input: size.input, output: size.output)
        }
    }

    /// Copies everything but the optimiser's state out.
    func parameters() -> ModelParameters {
        let gmf = users.gmf
        let mlp = users.mlp
        var parameters = ModelParameters(
            architecture: architecture, userCount: users.rowCount, itemCount: items.rowCount, embeddingDimension: gmf,
            mlpEmbeddingDimension: mlp, hiddenLayerSizes: dense.layerSizes.map(\.output)
        )
        parameters.userGMF = users.columns(offset: 0, width: gmf)
        parameters.itemGMF = items.columns(offset: 0, width: gmf)
        parameters.userMLP = users.columns(offset: gmf, width: mlp)
        parameters.itemMLP = items.columns(offset: gmf, width: mlp)
        parameters.userBias = users.columns(offset: gmf + mlp, width: 1)
        parameters.itemBias = items.columns(offset: gmf + mlp, width: 1)
        for (index, (size, offset)) in zip(dense.layerSizes, dense.layerOffsets).enumerated() {
            parameters.layers[index].weights = dense.slice(offset.weights..<offset.bias)
            parameters.layers[index].bias = dense.slice(offset.bias..<offset.bias + size.output)
        }
        parameters.outputWeights = dense.slice(0..<dense.outputCount)
        parameters.globalBias = dense.values[dense.globalBiasOffset]
        parameters.history = history()
        return parameters
    }

    /// What histories contribute, and how the users' own rows are distributed without them.
    private func history() -> ModelParameters.History? {
        let neighbours = neighbours.withLock { $0 }
        guard let counting = histories?.bags.counting ?? neighbours?.counting else { return nil }
        let (gmf, mlp) = (users.gmf, users.mlp)
        let sums = AlignedBuffer<Float>(count: users.rows.count, repeating: 0)
        histories?.addSums(to: sums, loop: ParallelLoop(threads: 1))
        for index in 0..<sums.count { sums[index] = users.rows[index] - sums[index] }
        let moments = ColumnMoments(FrozenArray(sums.array), rows: users.rowCount, width: users.stride)
        func vector(_ row: [Float]) -> UserVector {
            UserVector(gmf: Array(row[..<gmf]), mlp: Array(row[gmf..<gmf + mlp]), bias: row[gmf + mlp])
        }
        func columns(_ offset: Int, _ width: Int) -> [Float] { histories?.columns(offset: offset, width: width) ?? [] }
        let weight = histories?.bags.weight ?? 1
        var history = ModelParameters.History(
            weight: weight, halfLife: counting.recency.halfLife, length: counting.recency.length,
            evidence: counting.evidence, gmf: columns(0, gmf),
            mlp: columns(gmf, mlp), bias: columns(gmf + mlp, 1), ownMean: vector(moments.means),
            ownVariance: vector(moments.variances))
        history.neighbours = neighbours?.table.scaled(by: 1 / weight)
        return history
    }

    /// Copies parameters of the same shape in; the optimiser's state stays.
    func load(_ parameters: ModelParameters) {
        let gmf = users.gmf
        let mlp = users.mlp
        users.setColumns(offset: 0, width: gmf, to: parameters.userGMF)
        items.setColumns(offset: 0, width: gmf, to: parameters.itemGMF)
        users.setColumns(offset: gmf, width: mlp, to: parameters.userMLP)
        items.setColumns(offset: gmf, width: mlp, to: parameters.itemMLP)
        users.setColumns(offset: gmf + mlp, width: 1, to: parameters.userBias)
        items.setColumns(offset: gmf + mlp, width: 1, to: parameters.itemBias)
        for (layer, offset) in zip(parameters.layers, dense.layerOffsets) {
            dense.set(layer.weights, at: offset.weights)
            dense.set(layer.bias, at: offset.bias)
        }
        dense.set(parameters.outputWeights, at: 0)
        dense.set([parameters.globalBias], at: dense.globalBiasOffset)
        if let history = parameters.history, let histories {
            histories.setColumns(offset: 0, width: gmf, to: history.gmf)
            histories.setColumns(offset: gmf, width: mlp, to: history.mlp)
            histories.setColumns(offset: gmf + mlp, width: 1, to: history.bias)
        }
    }
}
