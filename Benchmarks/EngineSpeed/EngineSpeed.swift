public import ArgumentParser
import Glibc
import InteractionFormats
import InteractionStorage
import JSON
public import NCF

/// Measures what `nectar evaluate` does not tell, for `scripts/bench engine`: each subcommand prints one JSON object.
@main
struct EngineSpeed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the engine; scripts/bench engine puts the figures beside those of others.",
        subcommands: [
            TrainingSpeed.self, SeedModel.self, TimeToQuality.self, RatingErrors.self, ChosenSettings.self,
            ColdStart.self, RareItems.self, PropensityEffect.self,
        ]
    )

    /// Prints the members that `body` writes as one object on one line.
    static func report(_ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        writer.object(body)
        print(String(decoding: writer.bytes, as: UTF8.self))
    }

    /// Seconds of CPU that all threads of this process have taken so far.
    static var cpuSeconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The interactions of the dataset at `path`, anything that `nectar import` reads.
    static func dataset(at path: String) throws -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        try DatasetReader(path: path).readInteractions(faults: { throw $0 }) { interaction in
            builder.add(
                userID: interaction.userID, itemID: interaction.itemID, rating: interaction.rating.map(Float.init),
                weight: interaction.weight.map(Float.init) ?? 1, timestamp: interaction.timestamp ?? 0)
        }
        return builder.build()
    }
}

extension Hyperparameters {
    /// The NeuMF of He et al. 2017 with 8 predictive factors, from random embeddings: GMF 8, MLP 64-32-16-8, 4 negatives.
    static func neumf8(batchSize: Int, epochs: Int, threads: Int) -> Hyperparameters {
        Hyperparameters(
            architecture: .neumf, objective: .implicit, embeddingDimension: 8, mlpEmbeddingDimension: 32,
            hiddenLayerSizes: [32, 16, 8], epochs: epochs, batchSize: batchSize, negativesPerPositive: 4,
            earlyStopping: 0, threads: threads)
    }
}

extension ModelSnapshot {
    /// A trained model with what it was trained on, to be measured.
    convenience init(
        measuring parameters: ModelParameters, on dataset: InteractionDataset, _ settings: Hyperparameters
    ) {
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: dataset.interactionCount, hyperparameters: settings)
        self.init(version: 0, dataset: dataset, parameters: parameters, lineage: lineage)
    }
}

extension Architecture: ExpressibleByArgument {}
