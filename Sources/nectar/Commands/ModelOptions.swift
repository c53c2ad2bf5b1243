public import ArgumentParser
public import NCF
import RecommendationService

/// The flags that say how a model is built and trained.
struct ModelOptions: ParsableArguments {
    @Option(help: "mf, gmf, mlp or neumf. Where nothing is said about the model, the engine tries a few and chooses.")
    var architecture: Architecture?

    @Option(help: "auto, implicit, bpr, softmax, cosine_contrastive (makes it an mf) or rating.")
    var objective = Objective.auto

    @Option(help: "How a rating comes from the logit: linear (clipped to the scale) or bounded; objective rating.")
    var ratingOutput: RatingOutput?

    @Option(help: "Length of the embeddings of the GMF branch.")
    var embeddingDimension: Int?

    @Option(help: "Length of the embeddings of the MLP branch (default: half of the first hidden layer).")
    var mlpEmbeddingDimension: Int?

    @Option(help: "Output sizes of the dense layers, for example 64,32,16.")
    var hiddenLayers: String?

    @Option(help: "Sweeps of alternating least squares that the embeddings start from; 0 starts at random.")
    var alsSweeps: Int?

    @Option(help: "Penalty on the factors in those sweeps.")
    var alsRegularization: Double?

    @Option(help: "Weight of the unobserved pairs in those sweeps.")
    var alsUnobservedWeight: Double?

    @Option(help: "Elements that the embeddings grow by for the users' histories; 0 leaves histories out.")
    var historyDimension: Int?

    @Option(help: "Penalty of the item-item regression that histories start from.")
    var historyRegularization: Double?

    @Option(help: "Share of the first scores that is the item-item regression's.")
    var historyShare: Double?

    @Option(help: "Items from a history's end in which one comes to count half; 0 has all count alike.")
    var historyHalfLife: Double?

    @Option(help: "Items of a history that count, the newest; 0 has all (features.history_length).")
    var historyLength: Int?

    @Option(help: "With a half-life, what items say of those before them, as a share of what they say of those after.")
    var historyBackward: Double?

    @Option(help: "The power of an interaction's weight that its item counts in a history; 0 has all count alike.")
    var historyEvidence: Double?

    @Option(help: "How often what items' features say of which go together counts as seen in a history; 0 is never.")
    var historyFeatures: Double?

    @Option(help: "Of how many nearest items each is told by directly; mf with --epochs 0 alone. 0 is none.")
    var historyNeighbours: Int?

    @Option(help: "Their share of what items say of each other.")
    var historyNeighbourShare: Double?

    @Option(help: "Passes over the data, at most; with 0 mf is what its closed form finds.")
    var epochs: Int?

    @Option(help: "Samples per step.")
    var batchSize: Int?

    @Option(help: "How parameters step on their gradients: adam, adagrad or sgd.")
    var optimizer: OptimizationMethod?

    @Option(help: "How much of the last step goes on in the next; sgd only.")
    var momentum: Double?

    @Option(help: "Step size at the start.")
    var learningRate: Double?

    @Option(help: "How the step size changes: constant, linear or cosine.")
    var learningRateSchedule: LearningRateSchedule?

    @Option(help: "Epochs, such as 0.5, in which the step size first rises to its full length.")
    var warmUp: Double?

    @Option(help: "L2 penalty.")
    var weightDecay: Double?

    @Option(help: "Share of each dense layer's outputs left out in training, 0 to 0.9.")
    var dropout: Double?

    @Option(help: "Negatives sampled for each positive.")
    var negatives: Int?

    @Option(help: "Which items are negatives: uniform, popularity or in_batch (with the objective softmax).")
    var negativeSampling: NegativeSampling?

    @Option(help: "Power of an item's popularity that it is drawn by.")
    var popularityExponent: Double?

    @Option(help: "Cosine from which on a negative is pushed off; objective cosine_contrastive.")
    var contrastiveMargin: Double?

    @Option(help: "How much the negatives of a positive count; objective cosine_contrastive.")
    var contrastiveWeight: Double?

    @Option(help: "Power of an item's popularity by whose inverse its interactions count; 0 has all count alike.")
    var propensity: Double?

    @Option(help: "The most that one counts so, in mean ones.")
    var propensityClip: Double?

    @OptionGroup var cleaning: CleaningOptions

    @Option(help: "Where every random decision starts.")
    var seed: UInt64 = 42

    @Option(help: "Epochs without improvement before training stops; 0 trains them all.")
    var earlyStopping: Int?

    @Option(help: "Threads; 0 is one per core.")
    var threads = 0

    @Option(
        name: [.customLong("search-seconds"), .customLong("search")],
        help: "Seconds in which the engine may try settings before it trains; what is given here stays.")
    var searchSeconds: Double?

    @Option(help: "How many settings it may try; with this alone the same choice comes out everywhere.")
    var searchTrials: Int?

    /// Which settings were given.
    var given: GivenSettings {
        let settings: [(isGiven: Bool, setting: GivenSettings)] = [
            (architecture != nil, .architecture), (objective != .auto, .objective),
            (ratingOutput != nil, .ratingOutput),
            (embeddingDimension != nil, .embeddingDimension), (mlpEmbeddingDimension != nil, .mlpEmbeddingDimension),
            (hiddenLayers != nil, .hiddenLayers), (historyDimension != nil, .historyDimension),
            (historyRegularization != nil, .historyRegularization), (historyShare != nil, .historyShare),
            (historyHalfLife != nil, .historyHalfLife), (historyBackward != nil, .historyBackward),
            (historyEvidence != nil, .historyEvidence), (historyFeatures != nil, .historyFeatures),
            (historyNeighbours != nil, .historyNeighbours), (historyNeighbourShare != nil, .historyNeighbourShare),
            (alsSweeps != nil, .sweeps), (alsRegularization != nil, .regularization),
            (alsUnobservedWeight != nil, .unobservedWeight), (epochs != nil, .epochs), (batchSize != nil, .batchSize),
            (learningRate != nil, .learningRate), (learningRateSchedule != nil, .learningRateSchedule),
            (weightDecay != nil, .weightDecay), (negatives != nil, .negatives), (earlyStopping != nil, .earlyStopping),
            (optimizer != nil, .optimizer), (momentum != nil, .momentum), (warmUp != nil, .warmUp),
            (dropout != nil, .dropout), (negativeSampling != nil, .negativeSampling),
            (popularityExponent != nil, .popularityExponent), (contrastiveMargin != nil, .contrastiveMargin),
            (contrastiveWeight != nil, .contrastiveWeight), (propensity != nil, .propensity),
            (propensityClip != nil, .propensityClip),
        ]
        return settings.reduce(into: []) { if $1.isGiven { $0.insert($1.setting) } }
    }

    /// How much may be tried; nil where no search was asked for.
    func search() throws -> SearchBudget? {
        guard searchSeconds != nil || searchTrials != nil else { return nil }
        var faults: [String] = []
        if let searchSeconds, !(1...SearchBudget.Limit.seconds).contains(searchSeconds) {
            faults.append("--search-seconds must be 1 to \(Int(SearchBudget.Limit.seconds)), not \(searchSeconds)")
        }
        if let searchTrials, !(1...SearchBudget.Limit.trials).contains(searchTrials) {
            faults.append("--search-trials must be 1 to \(SearchBudget.Limit.trials), not \(searchTrials)")
        }
        guard faults.isEmpty else { throw ValidationError(faults.joined(separator: "; ")) }
        return SearchBudget(seconds: searchSeconds, trials: searchTrials)
    }

    /// What to train with, as far as it is said, and how much may be tried for the rest.
    func request(threads cores: Int, learning configured: LearningRules) throws -> TrainingRequest {
        var request = TrainingRequest()
        request.hyperparameters = try hyperparameters(threads: cores)
        request.hyperparameters.cleaning = cleaning.rules(instead: configured.cleaning)
        request.hyperparameters.history.length = historyLength ?? configured.historyLength
        request.given = given
        request.search = try search()
        return request
    }

    /// The settings, defaults where nothing is given.
    private func hyperparameters(threads cores: Int) throws -> Hyperparameters {
        var settings = Hyperparameters.defaults(for: architecture ?? objective.architecture, objective: objective)
        settings.ratingOutput = ratingOutput ?? settings.ratingOutput
        settings.embeddingDimension = embeddingDimension ?? settings.embeddingDimension
        settings.mlpEmbeddingDimension = mlpEmbeddingDimension ?? settings.mlpEmbeddingDimension
        settings.start.sweeps = alsSweeps ?? settings.start.sweeps
        settings.start.regularization = alsRegularization ?? settings.start.regularization
        settings.start.unobservedWeight = alsUnobservedWeight ?? settings.start.unobservedWeight
        settings.history.dimension = historyDimension ?? settings.history.dimension
        settings.history.regularization = historyRegularization ?? settings.history.regularization
        settings.history.share = historyShare ?? settings.history.share
        settings.history.halfLife = historyHalfLife ?? settings.history.halfLife
        settings.history.backward = historyBackward ?? settings.history.backward
        settings.history.evidence = historyEvidence ?? settings.history.evidence
        settings.history.features = historyFeatures ?? settings.history.features
        settings.history.neighbours = historyNeighbours ?? settings.history.neighbours
        settings.history.neighbourShare = historyNeighbourShare ?? settings.history.neighbourShare
        settings.epochs = epochs ?? settings.epochs
        settings.batchSize = batchSize ?? settings.batchSize
        settings.learningRate = learningRate ?? settings.learningRate
        settings.learningRateSchedule = learningRateSchedule ?? settings.learningRateSchedule
        settings.weightDecay = weightDecay ?? settings.weightDecay
        settings.negativesPerPositive = negatives ?? settings.negativesPerPositive
        settings.negativeSampling = negativeSampling ?? settings.negativeSampling
        settings.popularityExponent = popularityExponent ?? settings.popularityExponent
        settings.contrast.margin = contrastiveMargin ?? settings.contrast.margin
        settings.contrast.negativeWeight = contrastiveWeight ?? settings.contrast.negativeWeight
        settings.propensity.exponent = propensity ?? settings.propensity.exponent
        settings.propensity.clip = propensityClip ?? settings.propensity.clip
        settings.dropout = dropout ?? settings.dropout
        settings.optimizer = optimizer ?? settings.optimizer
        settings.momentum = momentum ?? settings.momentum
        settings.warmUp = warmUp ?? settings.warmUp
        settings.earlyStopping = earlyStopping ?? settings.earlyStopping
        settings.seed = seed
        settings.threads = threads == 0 ? cores : threads
        if let hiddenLayers {
            settings.hiddenLayerSizes = try hiddenLayers.split(separator: ",", omittingEmptySubsequences: false).map {
                text in
                guard let size = Int(text) else {
                    throw ValidationError("--hidden-layers: \"\(text)\" is not a whole number.")
                }
                return size
            }
        }
        do {
            try settings.validateAsAsked(given)
            return settings
        } catch {
            throw ValidationError(error.faults.map(Self.sentence).joined(separator: "; "))
        }
    }

    /// `--negatives must be 1 to 1000, not 0`: a fault under the name that its option has here.
    private static func sentence(_ fault: HyperparameterFaults.Fault) -> String {
        switch fault.name {
        // Only here do 0 threads mean something.
        case "threads": "--threads " + fault.detail.replacing("must be 1 to", with: "must be 0 to")
        case "negatives_per_positive": "--negatives \(fault.detail)"
        case let name: "--\(name.prefix { $0 != "[" }.replacing("_", with: "-")) \(fault.detail)"
        }
    }
}

extension Architecture: ExpressibleByArgument {}
extension Objective: ExpressibleByArgument {}
extension RatingOutput: ExpressibleByArgument {}
extension LearningRateSchedule: ExpressibleByArgument {}
extension OptimizationMethod: ExpressibleByArgument {}
extension NegativeSampling: ExpressibleByArgument {}
extension HoldoutStrategy: ExpressibleByArgument {}
