import Testing

@testable import NCF

@Suite("Training from a closed form")
struct ClosedFormTrainingTests {
    private func settings(
        _ architecture: Architecture, sweeps: Int = 6, epochs: Int = 2, threads: Int = 1
    ) -> Hyperparameters {
        Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 4, mlpEmbeddingDimension: 3,
            hiddenLayerSizes: [8, 4],
            start: ClosedFormStart(sweeps: sweeps, regularization: 0.01, unobservedWeight: 0.1), epochs: epochs,
            batchSize: 200, learningRate: 0.01, earlyStopping: 0, threads: threads)
    }

    private let board = Checkerboard(side: 24)

    @Test("without an epoch the closed form itself is the model")
    func closedFormAlone() throws {
        let data = board.dataset()
        let result = try Trainer(dataset: data, hyperparameters: settings(.mf, epochs: 0)).train()
        #expect(result.bestEpoch == 0)
        #expect(result.reports.map(\.epoch) == [0])
        #expect(result.reports[0].isClosedForm && result.reports[0].samples == 0 && result.reports[0].loss < 0.4)
    }

    @Test("its epoch is reported first, and the model is the same for any number of threads")
    func deterministic() throws {
        let (train, holdout) = board.dataset().split(.leaveOneOut, seed: 1)
        let results = try [1, 2, 3].map {
            try Trainer(dataset: train, hyperparameters: settings(.neumf, threads: $0)).train(holdout: holdout)
        }
        #expect(results[0].reports.map(\.epoch) == [0, 1, 2])
        #expect(results[0].reports.allSatisfy { $0.validation != nil })
        for other in results.dropFirst() { #expect(other.parameters == results[0].parameters) }
    }

    @Test("where no epoch improves on it, it is what is kept")
    func keptWhenBest() throws {
        let (train, holdout) = board.dataset().split(.leaveOneOut, seed: 1)
        var worse = settings(.mf, epochs: 3)
        // Steps far too long, which undo what was found.
        worse.learningRate = 10
        let figure = ValidationReport(criterion: "made_up", value: 1, higherIsBetter: true)
        var measured = 0
        let result = try Trainer(dataset: train, hyperparameters: worse).train(holdout: holdout) { _ in
            measured += 1
            return measured == 1 ? figure : ValidationReport(criterion: "made_up", value: 0, higherIsBetter: true)
        }
        #expect(result.bestEpoch == 0)
        let alone = try Trainer(dataset: train, hyperparameters: settings(.mf, epochs: 0)).train()
        #expect(result.parameters == alone.parameters)
    }

    @Test("it is cancelled between two sweeps")
    func cancel() {
        struct Cancelled: TrainingObserver { var isCancelled: Bool { true } }
        #expect(throws: TrainingError.cancelled) {
            try Trainer(dataset: board.dataset(), hyperparameters: settings(.neumf)).train(observer: Cancelled())
        }
    }

    @Test("ratings have no closed form: they are trained as ever, and need an epoch")
    func ratings() throws {
        let data = randomDataset(users: 20, items: 20, perUser: 8, rated: true, seed: 1)
        var rating = settings(.mf, epochs: 1)
        rating.objective = .rating
        let result = try Trainer(dataset: data, hyperparameters: rating).train()
        #expect(result.reports.map(\.epoch) == [1])
        #expect(result.hyperparameters.start == .none)
        rating.epochs = 0
        #expect(throws: TrainingError.self) { try Trainer(dataset: data, hyperparameters: rating).train() }
    }

    @Test("the step size stays, or falls in a line to nothing")
    func schedules() {
        #expect([0, 0.5, 1].map { LearningRateSchedule.constant.factor(progress: $0) } == [1, 1, 1])
        #expect([0, 0.25, 1, 1.5].map { LearningRateSchedule.linear.factor(progress: $0) } == [1, 0.75, 0, 0])
    }

    @Test("a schedule of its own goes as far as the beginning of a longer one in more epochs than that took")
    func ownSchedule() {
        for schedule in LearningRateSchedule.allCases {
            for all in [1, 2, 20] {
                #expect(schedule.epochs(reachedBy: 0, of: all) == 0 && schedule.epochs(reachedBy: all, of: all) == all)
            }
        }
        #expect(LearningRateSchedule.linear.epochs(reachedBy: 10, of: 20) == 15)
        #expect(LearningRateSchedule.constant.epochs(reachedBy: 10, of: 20) == 10)
        #expect(LearningRateSchedule.linear.epochs(reachedBy: 3, of: 0) == 3)
    }
}
