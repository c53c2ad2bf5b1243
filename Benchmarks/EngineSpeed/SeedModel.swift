import ArgumentParser
import JSON
import NCF

/// `EngineSpeed seed-model`: a small model of ratings in small steps, as a first program in a neural network library has it.
///
/// 1,000 users × 1,000 items, 100 random items rated by each; embeddings of 64, dense layers 128-64-32-16-1, squared error,
/// Adam, batches of 32, 10 epochs.
struct SeedModel: ParsableCommand {
    @Option(help: "Threads.")
    var threads = 2

    func run() throws {
        let dataset = Self.ratings()
        let settings = Hyperparameters(
            architecture: .mlp, objective: .rating, mlpEmbeddingDimension: 64, hiddenLayerSizes: [64, 32, 16],
            epochs: 10, batchSize: 32, earlyStopping: 0, threads: threads)
        let before = EngineSpeed.cpuSeconds
        let clock = ContinuousClock()
        let start = clock.now
        let result = try Trainer(dataset: dataset, hyperparameters: settings).train()
        let seconds = (clock.now - start) / .seconds(1)
        let spent = EngineSpeed.cpuSeconds - before
        EngineSpeed.report { report in
            report.member("seconds", seconds)
            report.member("cpu_seconds", spent)
            report.member("interactions", dataset.interactionCount)
            report.member("first_loss", ifPresent: result.reports.first?.loss)
            report.member("last_loss", ifPresent: result.reports.last?.loss)
        }
    }

    /// Ratings 1 to 5 that follow the places of user and item on a circle, so that there is something to learn.
    private static func ratings() -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SystemRandomNumberGenerator()
        for user in 0..<1000 {
            for item in (0..<1000).shuffled(using: &random).prefix(100) {
                let distance = abs(user - item)
                let rating = 5 - 4 * Float(min(distance, 1000 - distance)) / 500
                builder.add(userID: "\(user)", itemID: "\(item)", rating: rating)
            }
        }
        return builder.build()
    }
}
