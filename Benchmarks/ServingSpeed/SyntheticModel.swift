import NCF

/// Models of random numbers, the same in every run.
enum SyntheticModel {
    /// xorshift64*.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 2_685_821_657_736_338_717
        }
    }

    /// Every user has seen 160 items at random, and some more.
    private static func dataset(users: Int, items: Int, _ random: inout Generator) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        for item in 0..<items { builder.add(userID: "\(item % users)", itemID: "\(item)", rating: nil) }
        for user in 0..<users {
            for _ in 0..<160 {
                let item = Int.random(in: 0..<items, using: &random)
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil)
            }
        }
        return builder.build()
    }

    /// A matrix factorisation in closed form whose items have so many neighbours.
    static func withNeighbours(
        _ neighbours: Int, users: Int, items: Int, dimension: Int
    ) throws -> ModelSnapshot {
        var random = Generator(state: 42)
        let dataset = dataset(users: users, items: items, &random)
        let settings = Hyperparameters(
            architecture: .mf, objective: .implicit, embeddingDimension: dimension, start: ClosedFormStart(),
            history: HistoryBag(dimension: 0, neighbours: neighbours), epochs: 0, threads: 2)
        let result = try Trainer(dataset: dataset, hyperparameters: settings).train()
        return ModelSnapshot(
            version: 1, dataset: dataset, parameters: result.parameters, lineage: lineage(of: dataset, settings))
    }

    private static func lineage(of dataset: InteractionDataset, _ settings: Hyperparameters) -> Lineage {
        Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: dataset.interactionCount, hyperparameters: settings)
    }

    /// A model of random numbers.
    static func snapshot(
        _ architecture: Architecture, users: Int, items: Int, dimension: Int
    ) -> ModelSnapshot {
        var random = Generator(state: 42)
        let dataset = dataset(users: users, items: items, &random)
        var parameters = ModelParameters(
            architecture: architecture, userCount: users, itemCount: items, embeddingDimension: dimension,
            mlpEmbeddingDimension: 32, hiddenLayerSizes: [32, 16, 8])
        func fill(_ array: inout [Float]) {
            for index in array.indices { array[index] = Float.random(in: -0.5...0.5, using: &random) }
        }
        fill(&parameters.userGMF)
        fill(&parameters.itemGMF)
        fill(&parameters.userMLP)
        fill(&parameters.itemMLP)
        fill(&parameters.itemBias)
        for layer in parameters.layers.indices { fill(&parameters.layers[layer].weights) }
        if architecture != .mf { fill(&parameters.outputWeights) }
        let settings = Hyperparameters(architecture: architecture, objective: .implicit)
        return ModelSnapshot(
            version: 1, dataset: dataset, parameters: parameters, lineage: lineage(of: dataset, settings))
    }
}
