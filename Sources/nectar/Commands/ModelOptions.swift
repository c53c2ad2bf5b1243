public import ArgumentParser
public import NCF

/// The flags that say how a model is built and trained.
struct ModelOptions: ParsableArguments {
    @Option(help: "mf, gmf, mlp or neumf.")
    var architecture = Architecture.neumf

    @Option(help: "auto, implicit or rating.")
    var objective = Objective.auto

    @Option(help: "Length of the embeddings of the GMF branch.")
    var embeddingDimension: Int?

    @Option(help: "Length of the embeddings of the MLP branch (default: half of the first hidden layer).")
    var mlpEmbeddingDimension: Int?

    @Option(help: "Output sizes of the dense layers, for example 64,32,16.")
    var hiddenLayers: String?

    @Option(help: "Passes over the data, at most.")
    var epochs: Int?

    @Option(help: "Samples per step.")
    var batchSize: Int?

    @Option(help: "Step size of Adam.")
    var learningRate: Double?

    @Option(help: "L2 penalty.")
    var weightDecay: Double?

    @Option(help: "Negatives sampled for each positive.")
    var negatives: Int?

    @Option(help: "Where every random decision starts.")
    var seed: UInt64 = 42

    @Option(help: "Epochs without improvement before training stops; 0 trains them all.")
    var earlyStopping: Int?

    @Option(help: "Threads; 0 is one per core.")
    var threads = 0

    /// The settings, defaults where nothing is given.
    func hyperparameters(threads cores: Int) throws -> Hyperparameters {
        var settings = Hyperparameters.defaults(for: architecture)
        settings.objective = objective
        settings.embeddingDimension = embeddingDimension ?? settings.embeddingDimension
        settings.mlpEmbeddingDimension = mlpEmbeddingDimension ?? settings.mlpEmbeddingDimension
        settings.epochs = epochs ?? settings.epochs
        settings.batchSize = batchSize ?? settings.batchSize
        settings.learningRate = learningRate ?? settings.learningRate
        settings.weightDecay = weightDecay ?? settings.weightDecay
        settings.negativesPerPositive = negatives ?? settings.negativesPerPositive
        settings.earlyStopping = earlyStopping ?? settings.earlyStopping
        settings.seed = seed
        settings.threads = threads > 0 ? threads : cores
        if let hiddenLayers {
            settings.hiddenLayerSizes = try hiddenLayers.split(separator: ",").map { text in
                guard let size = Int(text) else {
                    throw ValidationError("--hidden-layers: \"\(text)\" is not a whole number.")
                }
                return size
            }
        }
        do {
            return try settings.validated()
        } catch {
            throw ValidationError(error.faults.map { "\($0.name) \($0.detail)" }.joined(separator: "; "))
        }
    }
}

extension Architecture: ExpressibleByArgument {}
extension Objective: ExpressibleByArgument {}
extension HoldoutStrategy: ExpressibleByArgument {}
