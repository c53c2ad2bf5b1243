import TestSupport

@testable import NCF

/// A model with random numbers of a size that makes every term of the formula count.
func randomModel(
    _ architecture: Architecture, users: Int, items: Int, gmf: Int = 3, mlp: Int = 4, layers: [Int] = [6, 5],
    objective: Objective = .implicit, seed: UInt64, histories: FeatureBags? = nil
) -> TrainableModel {
    let shape = ModelParameters(
        architecture: architecture, userCount: users, itemCount: items, embeddingDimension: gmf,
        mlpEmbeddingDimension: mlp, hiddenLayerSizes: layers
    )
    let model = TrainableModel(
        shape: shape, trainsGlobalBias: objective != .rating, globalBias: 0.3, seed: seed, histories: histories)
    var random = SplitMix64(seed: seed)
    var parameters = model.parameters()
    func fill(_ values: inout [Float]) {
        for index in values.indices { values[index] = Float(0.5 * random.nextNormal()) }
    }
    fill(&parameters.userGMF)
    fill(&parameters.itemGMF)
    fill(&parameters.userMLP)
    fill(&parameters.itemMLP)
    fill(&parameters.userBias)
    fill(&parameters.itemBias)
    for index in parameters.layers.indices {
        fill(&parameters.layers[index].weights)
        fill(&parameters.layers[index].bias)
    }
    if architecture != .mf { fill(&parameters.outputWeights) }
    model.load(parameters)
    return model
}

/// A batch of random samples; users and items repeat within it.
func randomBatch(
    groups: Int, samplesPerGroup: Int, users: Int, items: Int, objective: Objective, seed: UInt64
) -> MiniBatch {
    var random = SplitMix64(seed: seed)
    let batch = MiniBatch(
        capacity: groups, samplesPerGroup: samplesPerGroup, userCount: users, itemCount: items)
    batch.groupCount = groups
    for group in 0..<groups { batch.users[group] = Int32(random.below(users)) }
    for sample in 0..<batch.sampleCount {
        batch.items[sample] = Int32(random.below(items))
        batch.targets[sample] =
            objective == .rating ? Float(1 + random.below(5)) : sample % samplesPerGroup == 0 ? 1 : 0
        batch.weights[sample] = Float(random.below(4)) / 2
    }
    batch.groupUsers()
    batch.groupItems()
    return batch
}

/// A dataset of random interactions, at most one per pair; every user and item has at least one.
func randomDataset(users: Int, items: Int, perUser: Int, rated: Bool = false, seed: UInt64) -> InteractionDataset {
    var random = SplitMix64(seed: seed)
    var builder = InteractionDataset.Builder()
    for user in 0..<users {
        for place in 0..<perUser {
            let item = place == 0 ? user % items : random.below(items)
            let rating: Float? = rated ? Float(1 + random.below(5)) : nil
            builder.add(userID: "u\(user)", itemID: "i\(item)", rating: rating, timestamp: Int64(1 + place))
        }
    }
    return builder.build()
}

/// One user's interactions with an item each, one after another, of these weights.
func oneHistory(weights: [Float]) -> InteractionDataset {
    var builder = InteractionDataset.Builder()
    for (time, weight) in weights.enumerated() {
        builder.add(userID: "u", itemID: "i\(time)", rating: nil, weight: weight, timestamp: Int64(9 + time))
    }
    return builder.build()
}

/// What every combination is tested with; cosines are for `mf` alone, and have tests of their own.
let trainableObjectives = Objective.allCases.filter { $0 != .auto && $0 != .cosineContrastive }
