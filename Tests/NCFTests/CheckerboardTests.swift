import Testing

@testable import NCF

@Suite("The checkerboard")
struct CheckerboardTests {
    private func settings(_ architecture: Architecture, _ objective: Objective) -> Hyperparameters {
        Hyperparameters(
            architecture: architecture, objective: objective, embeddingDimension: 8, mlpEmbeddingDimension: 8,
            hiddenLayerSizes: [16, 8], epochs: 25, batchSize: 256, learningRate: 0.01, weightDecay: 0.001,
            earlyStopping: 0)
    }

    private func check(_ settings: Hyperparameters, _ objective: Objective) throws {
        let board = Checkerboard()
        let data = board.dataset(objective)
        let parameters = try Trainer(dataset: data, hyperparameters: settings).train().parameters
        let (right, comparisons) = board.compare(parameters, data)
        #expect(comparisons > 50)
        #expect(Double(right) >= 0.98 * Double(comparisons), "\(right) of \(comparisons)")
    }

    @Test(
        "withheld black squares rank above withheld white ones", arguments: Architecture.allCases, trainableObjectives)
    func withheldSquares(architecture: Architecture, objective: Objective) throws {
        var settings = settings(architecture, objective)
        settings.learningRateSchedule = .constant
        try check(settings, objective)
    }

    @Test("so they do by cosines")
    func cosines() throws {
        var settings = settings(.mf, .cosineContrastive)
        settings.weightDecay = 0
        try check(settings, .cosineContrastive)
    }

    @Test("so they do against popular items, and against those of the mini-batch", arguments: Architecture.allCases)
    func otherNegatives(architecture: Architecture) throws {
        for sampling in [NegativeSampling.popularity, .inBatch] {
            var settings = settings(architecture, .softmax)
            settings.learningRateSchedule = .constant
            settings.negativeSampling = sampling
            try check(settings, .softmax)
        }
    }

    @Test("so they do from a closed form, with epochs after it or none", arguments: Architecture.allCases, [0, 10])
    func closedForm(architecture: Architecture, epochs: Int) throws {
        // A tower that has not been trained knows nothing.
        guard epochs > 0 || !architecture.hasMLP else { return }
        var settings = settings(architecture, .implicit)
        settings.start = ClosedFormStart(sweeps: 10, regularization: 0.01, unobservedWeight: 0.1)
        settings.epochs = epochs
        try check(settings, .implicit)
    }
}
